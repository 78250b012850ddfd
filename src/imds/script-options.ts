export const scriptShells = ['sh', 'powershell'] as const
export type ScriptShell = (typeof scriptShells)[number]

export interface ScriptOptions {
  shell: ScriptShell
  /** Paths of the metadata API as parseMetadataPath gives them. At least one, but with `user-data`. */
  paths: string[]
  /** Where the service is, an origin as parseEndpoint gives it; without it the script tries what is known, in turn. */
  endpoint?: string
  /** The protocol that is tried first where there is no endpoint; the other one costs seconds of silence. */
  protocol?: string
  /**
   * What the script prints, `document` without: one JSON object with a member for each path, the path as its name and
   * the service's answer as its value (`{"instance":{…},"instance/initialization":{…}}`). `answer` is the answer for
   * the one path alone; `user-data` the bytes of the user data alone.
   */
  output?: 'document' | 'answer' | 'user-data'
}
