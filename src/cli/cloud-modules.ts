// What every command that asks IBM Cloud loads, as one: each further file would be waited for.
export {fromKey} from '../cloud/credential-kinds.ts'
export {findCredentials} from '../cloud/credentials.ts'
export {hasSettings, withCredentialsFile} from '../cloud/credentials-file.ts'
export {findEndpoints} from '../cloud/endpoints.ts'
export {openCloud} from '../cloud/open-cloud.ts'
export {describePause, pauseTeller} from '../cloud/pauses.ts'
