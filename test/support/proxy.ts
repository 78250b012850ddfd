import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import type {Sandbox} from '../../src/sandbox/index.ts'

/** What lies between vpcmd and the cloud, and answers what the cloud did not say. */
export interface TestProxy {
  /** What a client needs in its environment to go through it. */
  environment: Sandbox['environment']
  close(): Promise<void>
}

/** Passes all on to the sandbox; `rewrite` is given each answer and may give another body. */
export async function startProxy(
  sandbox: Sandbox,
  rewrite: (method: string, path: string, body: string) => string | undefined,
): Promise<TestProxy> {
  let url = ''
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const {host, connection, 'content-length': _, ...headers} = request.headers
    const method = request.method ?? 'GET'
    const answer = await fetch(sandbox.url + request.url, {
      method,
      headers: headers as Record<string, string>,
      ...(chunks.length > 0 && {body: Buffer.concat(chunks)}),
    })
    const text = (await answer.text()).replaceAll(sandbox.url, url)
    const {'content-length': __, 'content-encoding': ___, ...kept} = Object.fromEntries(answer.headers)
    response.writeHead(answer.status, kept)
    response.end(rewrite(method, request.url ?? '', text) ?? text)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    environment: {...sandbox.environment, VPC_URL: `${url}/v1`, VPC_AUTH_URL: url},
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
