/** 128 + SIGPIPE. */
const BROKEN_PIPE = 141;

/** A reader such as `head` that has seen enough ends the work, as SIGPIPE ends other programs. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(BROKEN_PIPE);
  });
}
