/** The instance that `text` means: an ID, a name, or a region and a name with a slash between. Throws a plain Error for none or several. */
export function findNamed<Named extends {id: string; name: string; region: string}>(
  instances: readonly Named[],
  text: string,
): Named {
  const found = instances.filter(({id, name, region}) => [id, name, `${region}/${name}`].includes(text))
  const [first, ...more] = found
  if (first === undefined) throw new Error(`The sandbox has no instance ${text}.`)
  if (more.length === 0) return first
  const choices = found.map(({name, region}) => `${region}/${name}`).join(', ')
  throw new Error(`The sandbox has ${found.length} instances ${text}: ${choices}.`)
}
