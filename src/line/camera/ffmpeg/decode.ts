import { KdadError } from '../../../common/errors.js';
import { type DamageListener, type DamageReason, damageWords, longestDamage } from '../damage.js';
import type { Feed } from '../feed.js';
import { redactText } from '../redact.js';
import type { View } from '../view.js';
import { type CommandOptions, decodeCommand, isLive, type StreamSource } from './command.js';
import { DecoderLog } from './decoder-log.js';
import { atLeast, environmentOf, type Ffmpeg } from './ffmpeg.js';
import { FrameAssembler } from './frame-assembler.js';
import { FrameMarks } from './frame-marks.js';
import { spawnGroup, terminateGroup } from './process-group.js';
import { Watchdog } from './watchdog.js';

export interface DecodeOptions {
  readonly ffmpeg: Ffmpeg;
  /** Height and width of the frames in pixels. */
  readonly size: readonly [number, number];
  /** See `Framing`. */
  readonly aspect?: number;
  /** At most so many frames a second; all of them when absent. */
  readonly fps?: number;
  readonly view?: View;
  readonly hardware?: CommandOptions['hardware'];
  /** A source that we read ourselves; closed in the end. */
  readonly feed?: Feed;
  readonly signal?: AbortSignal;
  /** Milliseconds that the first frame, and each one after it, may take; without end when absent. */
  readonly patience?: { readonly firstFrame: number; readonly nextFrame: number };
  /** Frames that may be damaged are left out, and told to this; all are handed on when it is absent. */
  readonly damage?: DamageListener;
  /** Milliseconds in which damaged frames alone may come; see `longestDamage`. */
  readonly damagePatience?: number;
  /** Milliseconds from SIGTERM to SIGKILL. */
  readonly killGrace?: number;
}

/**
 * Runs one ffmpeg and yields its frames: RGB, height x width x 3. ffmpeg waits while the consumer does. However the
 * iteration ends (the stream's end, an error, an abort, the consumer's `break`), the process is gone when it has.
 *
 * @throws KdadError FFMPEG_FAILED with the last 100 lines of ffmpeg's log when it exits with an error, inside a frame,
 *   or has lost our patience; CAMERA_FAILED when a feed fails, or knows why it brings no frame; the signal's reason
 *   when aborted
 */
export async function* decode(source: StreamSource, options: DecodeOptions): AsyncGenerator<Uint8Array, void> {
  const { ffmpeg, size, aspect, fps, view, hardware, feed, signal, patience, killGrace = 2000 } = options;
  const { damage, damagePatience = Math.max(longestDamage, patience?.nextFrame ?? 0) } = options;
  // Older ones do not tell errors from other lines.
  const watched = damage !== undefined && atLeast(ffmpeg.version, 4, 1);
  if (signal?.aborted) feed?.close();
  signal?.throwIfAborted();
  const rate = feed?.paced ? undefined : fps;
  const command = decodeCommand(source, {
    ...{ size, aspect, view, hardware, watched },
    fps: rate,
    fed: feed?.format,
    version: ffmpeg.version,
  });
  const child = await spawnGroup(ffmpeg.path, command.args, environmentOf(process.env)).catch((cause: Error) => {
    feed?.close();
    throw new KdadError('FFMPEG_FAILED', `ffmpeg cannot be run: ${cause.message}`, { cause });
  });
  child.stdin.on('error', () => {}); // One that does not read tells why by its exit.
  const closed = new Promise<string | undefined>((resolve) => {
    child.once('close', (code, by) =>
      resolve(code === 0 ? undefined : by ? `was ended by ${by}` : `exited with ${code}`),
    );
  });

  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= terminateGroup(child, killGrace);
  };
  let stalled: string | undefined;
  const giveUp = (what: string) => {
    stalled ??= what;
    stop();
  };
  const watchdog = new Watchdog((milliseconds) => giveUp(`sent no frame for ${milliseconds / 1000} s`));
  let damagedSince: number | undefined;
  const leaveOut = () => {
    damage?.onDamagedFrame();
    damagedSince ??= performance.now();
    if (patience && performance.now() - damagedSince > damagePatience)
      giveUp(`sent nothing but damaged frames for ${damagePatience / 1000} s`);
    else watchdog.refresh();
  };

  const marks = new FrameMarks();
  const log = new DecoderLog({
    live: isLive(source),
    ahead: !isLive(source) && atLeast(ffmpeg.version, 7),
    onFrame: ({ damaged, passes }) => passes && marks.push(damaged),
    onDamage: (line) => {
      // What we feed ends with a delimiter, and no picture behind it.
      if (!stopping && !(feed && child.stdin.writableEnded)) damage?.onDamage('decoder', redactText(line));
    },
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => log.push(text));
  child.stderr.once('close', () => {
    log.end();
    marks.end();
  });
  const onWithheld = (reason?: DamageReason) => {
    // The begin of a frame that its marker cut is being decoded.
    if (reason === 'marker') log.report();
    if (reason) damage?.onDamage(reason, damageWords[reason]);
    leaveOut();
  };
  let refused: KdadError | undefined;
  if (!feed) child.stdin.end(command.stdin);
  else {
    const onRecovery = (step: 'begins' | 'ends') => log.recovery(step);
    feed.play(child.stdin, onWithheld, onRecovery).catch((error) => {
      refused = error;
    });
  }
  const failed = (what: string) => {
    if (stalled && feed?.doubt) return new KdadError('CAMERA_FAILED', `${stalled.replace('sent ', '')}: ${feed.doubt}`);
    const lines = log.tail.lines.map(redactText);
    const summary = lines.length > 0 ? `${what}: ${lines.at(-1)!.replace(/^pipe:0: /, '')}` : what;
    return new KdadError('FFMPEG_FAILED', [`ffmpeg ${summary}`, ...lines.map((line) => `  ${line}`)].join('\n'));
  };

  const assembler = new FrameAssembler(size[0] * size[1] * 3);
  watchdog.expect(patience?.firstFrame);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    try {
      for await (const chunk of child.stdout) {
        for (const frame of assembler.push(chunk)) {
          const damaged = watched && (await marks.next());
          if (stopping !== undefined) break;
          if (damaged) {
            leaveOut();
            continue;
          }
          damagedSince = undefined;
          watchdog.stop();
          yield frame;
          watchdog.expect(patience?.nextFrame);
        }
        if (stopping !== undefined) break;
      }
    } catch (error) {
      if (stopping === undefined) throw error; // The pipe of a process that was ended may be cut while we read it.
    }
    const failure = await closed;
    signal?.throwIfAborted();
    if (refused) throw refused;
    if (stalled ?? failure) throw failed((stalled ?? failure)!);
    if (assembler.pendingBytes > 0) {
      throw failed(`ended inside a frame: ${assembler.pendingBytes} of ${size[0] * size[1] * 3} bytes`);
    }
    damage?.onEnd?.(log.length);
  } finally {
    watchdog.stop();
    signal?.removeEventListener('abort', stop);
    feed?.close();
    stop();
    await stopping;
  }
}
