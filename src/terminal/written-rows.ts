import {rowsOf} from './text.ts'

/** Counts the rows that are written on a terminal, so that they can be erased when somebody goes back. */
export class WrittenRows {
  readonly #stream: {isTTY?: boolean; columns?: number; write(text: string): unknown}
  #rows = 0
  #epoch = 0

  constructor(stream: {isTTY?: boolean; columns?: number; write(text: string): unknown}) {
    this.#stream = stream
  }

  /** Lines that were written, or as many rows. */
  add(written: readonly string[] | number): void {
    this.#rows += typeof written === 'number' ? written : rowsOf(written, this.#stream.columns)
  }

  /** What was written until now stays: others have written, too, or it must not be lost. */
  keep(): void {
    this.#epoch++
  }

  /** Gives how to erase what is written from now on; that does nothing where some of it has to stay, or nobody knows its rows. */
  mark(): () => void {
    const [at, epoch, columns] = [this.#rows, this.#epoch, this.#stream.columns]
    return () => {
      const rows = this.#rows - at
      if (rows <= 0 || !this.#stream.isTTY || epoch !== this.#epoch || columns !== this.#stream.columns) return
      this.#stream.write(`\x1b[${rows}A\r\x1b[J`)
      this.#rows = at
    }
  }
}
