/** Is aborted by the first Ctrl-C or SIGTERM; a second one ends the process at once, as without it. */
export function interruptible(): AbortController {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller;
}
