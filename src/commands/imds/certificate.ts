import {createPrivateKey, X509Certificate} from 'node:crypto'
import {Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {plainImdsFlags} from '../../cli/flags/imds.ts'
import {printBytes, serviceOf} from '../../cli/imds-service.ts'
import {usageError, VpcmdError} from '../../errors.ts'
import {type InputHost, readText} from '../../files/read-input.ts'
import {checkFree, writeKey} from '../../imds/key-file.ts'
import {plainLines} from '../../terminal/text.ts'

export default class ImdsCertificate extends BaseCommand {
  static override summary = 'Get an identity certificate for this instance.'
  static override description =
    `Run it on the instance. The certificate proves which instance this is, such as when a file share is mounted with encryption in transit. It is printed as PEM, with its chain. Pass a certificate signing request, without common name and extensions, or let vpcmd make a key and a request.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --csr instance.csr > chain.pem',
    '<%= config.bin %> <%= command.id %> --new-key instance.key > chain.pem',
  ]
  static override flags = {
    ...plainImdsFlags,
    csr: Flags.string({
      helpValue: 'FILE',
      exactlyOne: ['csr', 'new-key'],
      summary: 'The signing request, as PEM; - is stdin.',
    }),
    'new-key': Flags.string({
      helpValue: 'FILE',
      summary: 'Make a key, and write it to FILE once the certificate is there, readable by you alone.',
    }),
    force: Flags.boolean({dependsOn: ['new-key'], summary: 'Replace the file that --new-key names.'}),
    // The bounds of IBM's VPC File Storage Mount Helper (its metadata.py).
    'expires-in': Flags.integer({
      min: 300,
      max: 3600,
      helpValue: 'SECONDS',
      summary: 'Lifetime of the certificate; 3600 by default.',
    }),
  }

  async run(): Promise<void> {
    const {flags, out} = await this.parse(ImdsCertificate)
    const keyFile = flags['new-key']
    if (keyFile !== undefined) await checkFree(keyFile, flags.force ?? false)
    const [service, request] = await Promise.all([
      serviceOf(this.context, flags),
      keyFile === undefined ? ownRequest(this.context.host, flags.csr) : newRequest(),
    ])
    const certificate = await service.certificate(request.csr, flags['expires-in'])
    // First, so that no key is replaced for a useless certificate.
    checkIssued(certificate.certificates, request.key)
    if (keyFile !== undefined && request.key !== undefined) {
      await writeKey(this.context.host, keyFile, request.key, flags.force ?? false)
      this.context.note(`The key is in ${keyFile}.`)
    }
    const chain = certificate.certificates.map(pem => `${plainLines(pem.trimEnd())}\n`).join('')
    await printBytes(this.context, out, {text: chain, json: certificate})
  }
}

/** Throws VpcmdError where a certificate can't be read, or none is for the key. */
function checkIssued(certificates: string[], key: string | undefined): void {
  try {
    const issued = certificates.map(pem => new X509Certificate(pem))
    if (key === undefined || issued.some(each => each.checkPrivateKey(createPrivateKey(key)))) return
  } catch {
    // Said below, as is one for another key.
  }
  throw new VpcmdError({
    code: 'unusable_certificate',
    message: 'No certificate: what the metadata service issued can not be read, or is for another key.',
    hint: 'Nothing was written. Something else may answer in its place. To find out more, run: vpcmd imds doctor',
  })
}

interface Request {
  csr: string
  key?: string
}

async function ownRequest(host: InputHost, file = ''): Promise<Request> {
  const text = await readText(host, file, 'signing request')
  // IBM's page has line ends of Windows taken out, too (ibm-cloud-docs/vpc, imd-identity-operations).
  const csr = text.replaceAll('\r', '')
  if (!/-----BEGIN (NEW )?CERTIFICATE REQUEST-----/.test(csr)) {
    throw usageError(
      `--csr ${file} holds no certificate signing request in PEM.`,
      'Or let vpcmd make one: --new-key FILE',
    )
  }
  return {csr}
}

async function newRequest(): Promise<Request> {
  const {newCertificateRequest} = await import('../../imds/certificate-request.ts')
  return newCertificateRequest('vpcmd')
}
