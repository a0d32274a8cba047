import { KdadError } from '../../common/errors.js';

interface Part {
  start(): unknown;
  stop(): unknown;
}

/**
 * A part that keeps state: where it cannot be used, that is told, and watching goes on without it.
 * @param onFailure is told why
 */
export function withoutGating(part: Part, onFailure: (reason: string) => void): Part {
  return {
    start: async () => {
      try {
        await part.start();
      } catch (error) {
        if (!(error instanceof KdadError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
        onFailure((error as Error).message);
      }
    },
    stop: () => part.stop(),
  };
}
