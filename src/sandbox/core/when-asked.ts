/** Makes something when it is first asked for; `made` is it, from then on. */
export function whenAsked<Value>(make: () => Promise<Value>): {(): Promise<Value>; made?: Promise<Value>} {
  const get: ReturnType<typeof whenAsked<Value>> = () => {
    get.made ??= make()
    return get.made
  }
  return get
}
