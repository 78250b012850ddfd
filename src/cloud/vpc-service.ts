import {BaseService, type UserOptions} from 'ibm-cloud-sdk-core'

/** What every call takes beside its own parameters. */
export interface Common {
  signal?: AbortSignal
}

export interface Answer<T> {
  result: T
  status: number
  headers: Record<string, string | string[] | undefined>
}

/** The service on which the built-in calls stand: it adds version and generation to each request. */
export class VpcBaseService extends BaseService {
  private readonly common: {version: string; generation: number}

  constructor(options: UserOptions & {version: string; generation: number}) {
    super(options)
    this.common = {version: options.version, generation: options.generation}
  }

  protected send<T>(
    method: 'GET' | 'PATCH' | 'POST' | 'PUT',
    url: string,
    params: Common,
    parts: {query?: object; path?: object; body?: object; headers?: object} = {},
  ): Promise<Answer<T>> {
    return this.createRequest({
      options: {method, url, path: parts.path, body: parts.body, qs: {...parts.query, ...this.common}},
      defaultOptions: {
        ...this.baseOptions,
        headers: {Accept: 'application/json', ...parts.headers},
        axiosOptions: {signal: params.signal},
      },
    })
  }
}
