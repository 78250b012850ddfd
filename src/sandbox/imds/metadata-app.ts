import type {Duplex} from 'node:stream'
import {RESPONSE_ALREADY_SENT} from '@hono/node-server/utils/response'
import {Hono} from 'hono'
import {ApiError} from '../core/api-error.ts'
import {limitBodies} from '../core/body-limits.ts'
import {inAccount} from '../core/ids.ts'
import type {SeenRequest} from '../core/seen-request.ts'
import {identityRoutes} from './identity-routes.ts'
import type {MetadataCloud, MetadataEnvironment, MetadataSubject} from './metadata-environment.ts'
import {metadataErrorAnswer, noSuchPath} from './metadata-error.ts'
import {metadataRoutes} from './metadata-routes.ts'

/** A connection to an instance's metadata service. */
export interface MetadataCaller {
  /** The instance's ID. */
  instance: string
  protocol: 'http' | 'https'
  /** The IP address of this machine that was called. */
  address: string
  /** Leaves the connection without an answer, as the options say. */
  leave(): void
}

export interface MetadataAppOptions extends MetadataCloud {
  /** Who is at the other end of a connection. */
  callerOf: (connection: Duplex) => MetadataCaller | undefined
  /** The instance, if its service is on with that protocol just now. */
  subjectOf: (caller: MetadataCaller) => MetadataSubject | undefined
  /** Called for each request that is answered, before its answer is sent. */
  onRequest?: (request: SeenRequest) => void
}

const ownHosts = ['169.254.169.254', 'api.metadata.cloud.ibm.com', 'localhost']

const hostOf = (header = '') =>
  header
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()

/** The metadata and identity services of all instances as one Hono application. */
export function createMetadataApp(options: MetadataAppOptions): Hono<MetadataEnvironment> {
  const app = new Hono<MetadataEnvironment>()
  app.onError(error => metadataErrorAnswer(error))
  app.notFound(c => metadataErrorAnswer(noSuchPath(c.req.path)))
  app.use(async (c, next) => {
    const {incoming} = c.env
    const caller = options.callerOf(incoming.socket)
    // A connection outlives a change of the settings: each request looks anew.
    const subject = caller && options.subjectOf(caller)
    if (caller === undefined || subject === undefined) {
      caller?.leave()
      return RESPONSE_ALREADY_SENT
    }
    const host = hostOf(incoming.headers.host)
    // A web page that had its name resolve to this address must not read an instance's tokens.
    if (![...ownHosts, caller.address].includes(host)) {
      const message = 'The metadata service answers to its own host name and addresses only.'
      throw new ApiError(403, 'unauthorized', message, {name: 'Host', type: 'header', value: host})
    }
    // "Metadata that you can access is the bare metal server identity tokens and bare metal server identity certificates",
    // and IAM tokens for them, at the new paths (ibm-cloud-docs/vpc bare_metal_server_metadata_about.md).
    if (subject.kind === 'bare-metal-server' && !c.req.path.startsWith('/identity/v1/')) throw noSuchPath(c.req.path)
    c.set('subject', subject)
    await inAccount(options.fleet, next)
    const {pathname, search} = new URL(c.req.url)
    options.onRequest?.({method: c.req.method, path: pathname + search, status: c.res.status})
    return undefined
  })
  // No source shows IBM's own answer to a body that is larger than the sandbox reads.
  const bodyTooLarge = () => new ApiError(413, 'invalid_request', 'The request body is too large.')
  app.use(limitBodies(() => metadataErrorAnswer(bodyTooLarge())))
  app.route('/metadata/v1', metadataRoutes(options))
  app.route('/identity/v1', identityRoutes(options, 'new'))
  app.route('/instance_identity/v1', identityRoutes(options, 'old'))
  return app
}
