/** Numbers symbols in the order of appearance, for the columns formats. */
export class SymbolNumbers {
  readonly #symbols: string[] = [];
  readonly #numbers = new Map<string, number>();

  get symbols(): readonly string[] {
    return this.#symbols;
  }

  add(symbol: string): void {
    if (this.#numbers.has(symbol)) return;
    this.#numbers.set(symbol, this.#symbols.length);
    this.#symbols.push(symbol);
  }

  of(symbol: string): number {
    return this.#numbers.get(symbol)!;
  }
}
