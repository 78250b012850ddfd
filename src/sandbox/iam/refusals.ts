import {randomUUID} from 'node:crypto'

type Status = 400 | 403 | 405 | 413 | 415 | 501
export type Refuse = (status: Status, errorCode: string, errorMessage: string, errorDetails?: string) => Response

/** Makes refusals of a request for a token to `url`. */
export function refusing(clock: () => number, url: string): Refuse {
  const now = new Date(clock()).toISOString()
  const context = {
    requestId: randomUUID(),
    requestType: 'incoming.Identity_Token',
    url: new URL(url).origin,
    startTime: now,
    endTime: now,
    elapsedTime: '1',
    locale: 'en_US',
    clusterName: 'sandbox',
  }
  return (status, errorCode, errorMessage, errorDetails) =>
    Response.json({context, errorCode, errorMessage, errorDetails}, {status})
}

/** What the web server before IAM refuses. */
export function webException(refuse: Refuse, status: Status, what: string): Response {
  const message = "Web application exception 'javax.ws.rs.ClientErrorException' during request processing."
  return refuse(status, 'BXNIM0060E', message, `HTTP ${status} ${what}`)
}

/** A property that is not there. */
export function missing(refuse: Refuse, property: string): Response {
  return refuse(400, 'BXNIM0109E', 'Property missing or empty.', `Property '${property}' either missing or empty.`)
}

/** What exists at IBM and not here is neither a wrong value nor a missing page; code and words are the sandbox's. */
export function notSimulated(refuse: Refuse, what: string): Response {
  return refuse(501, 'not_implemented', `The sandbox does not simulate ${what}.`)
}
