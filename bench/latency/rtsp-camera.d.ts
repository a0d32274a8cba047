/** For tests in TypeScript; see rtsp-camera.js. */
export class RtspCamera {
  constructor(stream: string, fps: number);
  readonly sent: readonly number[];
  readonly transports: readonly string[];
  start(): Promise<string>;
  stop(): void;
}
