import type {Child} from 'hono/jsx'

/** A table with its head: columns of text, and after them columns of numbers. */
export function Table(props: {look: string; heads: string[]; numbers: string[]; children: Child}) {
  const {look, heads, numbers, children} = props
  return (
    <table class={look}>
      <thead>
        <tr>
          {heads.map(head => (
            <th scope="col">{head}</th>
          ))}
          {numbers.map(head => (
            <th scope="col" class="number">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  )
}

export function NumberCell({children}: {children: Child}) {
  return <td class="number">{children}</td>
}

/** A card with a heading; `look` adds classes. */
export function Card({id, title, look, children}: {id: string; title: string; look?: string; children: Child}) {
  return (
    <section class={look} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  )
}
