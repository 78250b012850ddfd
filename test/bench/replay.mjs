// A metadata service that answers at once: what another one answered, given as the only argument, in JSON: method and path,
// and the body. Prints its URL. Measured against it is vpcmd alone, and not what signs tokens.
import {createServer} from 'node:http'

const answers = JSON.parse(process.argv[2])
const server = createServer((request, response) => {
  const answer = answers[`${request.method} ${request.url.split('?')[0]}`]
  request.resume().on('end', () => {
    response.writeHead(answer === undefined ? 404 : 200, {'content-type': 'application/json'}).end(answer ?? '{}')
  })
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
