import type {BaseService} from 'ibm-cloud-sdk-core'

/** Where `--debug` writes. Only what is named here is ever logged: no header and no body, so no key and no token. */
export interface WireLog {
  note(text: string): void
}

type HttpClient = ReturnType<BaseService['getHttpClient']>

/** Logs method, URL, status, time and IBM's trace of every request that goes through an SDK's HTTP client. */
export function watchRequests(http: HttpClient, log: WireLog | undefined): void {
  if (!log) return
  const startedAt = new WeakMap<object, number>()
  const line = (config: {method?: string; url?: string; params?: object} | undefined, outcome: string) => {
    const url = config?.url ? withQuery(config.url, config.params) : 'an unknown URL'
    const took =
      config && startedAt.has(config) ? `${Math.round(performance.now() - (startedAt.get(config) ?? 0))} ms` : '? ms'
    log.note(`${(config?.method ?? 'get').toUpperCase()} ${url} -> ${outcome} in ${took}`)
  }
  http.interceptors.request.use(config => {
    startedAt.set(config, performance.now())
    return config
  })
  http.interceptors.response.use(
    response => {
      line(response.config, String(response.status))
      return response
    },
    error => {
      const trace = error.response?.data?.trace
      const outcome = error.response
        ? `${error.response.status}${trace ? ` (trace ${trace})` : ''}`
        : (error.code ?? 'no answer')
      line(error.config, outcome)
      throw error
    },
  )
}

function withQuery(url: string, params: object | undefined): string {
  const query = new URLSearchParams(
    Object.entries(params ?? {}).map(([name, value]): [string, string] => [name, String(value)]),
  )
  return query.size > 0 ? `${url}?${query}` : url
}
