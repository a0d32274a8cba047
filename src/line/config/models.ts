import type { CameraConfig, Config } from './schema.js';

/** The path of the model that judges a camera. */
export const modelOf = ({ model }: Config, camera: CameraConfig): string => camera.model ?? model;

/** The models that cameras need, each once, in the order of the cameras. */
export const modelsOf = (config: Config): string[] => [
  ...new Set(config.cameras.map((camera) => modelOf(config, camera))),
];
