import type { Executable } from './engine.js';

/** Executables by batch size, compiled when first needed: the last batch of an epoch may be smaller than the others. */
export class PerBatchSize {
  readonly #compile: (batch: number) => Promise<Executable>;
  readonly #compiled = new Map<number, Executable>();

  constructor(compile: (batch: number) => Promise<Executable>) {
    this.#compile = compile;
  }

  async get(batch: number): Promise<Executable> {
    let executable = this.#compiled.get(batch);
    if (!executable) {
      executable = await this.#compile(batch);
      this.#compiled.set(batch, executable);
    }
    return executable;
  }

  async dispose(): Promise<void> {
    for (const executable of this.#compiled.values()) await executable.dispose();
    this.#compiled.clear();
  }
}
