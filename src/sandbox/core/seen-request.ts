/** A request as a test sees it. */
export interface SeenRequest {
  method: string
  /** With the query. */
  path: string
  /** Undefined when no answer was sent. */
  status: number | undefined
  /** As JSON where it is that, else as text; undefined when empty. */
  body?: unknown
}
