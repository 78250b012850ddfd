import 'reflect-metadata'
import {Name, PemConverter, Pkcs10CertificateRequestGenerator} from '@peculiar/x509'

const algorithm = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
}

/** A new RSA key of 2048 bits (PKCS #8), and a certificate signing request for it, both in PEM. */
export async function newCertificateRequest(organization: string): Promise<{key: string; csr: string}> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const request = await Pkcs10CertificateRequestGenerator.create({
    // One organization name and no attributes: the service refuses a common name and any extension
    // (ibm-cloud-docs/vpc, imd-identity-operations).
    name: new Name([{O: [{utf8String: organization}]}]),
    keys,
    signingAlgorithm: algorithm,
  })
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  return {key: `${key}\n`, csr: `${request.toString('pem')}\n`}
}
