/**
 * Every error that a user can meet, by code: what ends the process with which exit code, and what to do about it.
 * Exit codes: 2 the command line or configuration, 3 input data or a model, 4 the environment, 70 a defect of ours.
 */
const table = {
  USAGE: { exitCode: 2, fix: 'See kdad-edge --help.' },
  CONFIG_INVALID: { exitCode: 2, fix: 'Correct the lines named above; docs/configuration.md describes every key.' },
  DATASET_INVALID: {
    exitCode: 3,
    fix: 'Use good images or a layout of docs/datasets.md, or name the folders with --good, --defective and --masks.',
  },
  IMAGE_UNREADABLE: { exitCode: 3, fix: 'Remove the file or replace it with a PNG, JPEG, BMP, WebP or TIFF image.' },
  WEIGHTS_INVALID: { exitCode: 3, fix: 'Download or export the file again; docs/teacher.md lists the accepted forms.' },
  DOWNLOAD_FAILED: {
    exitCode: 4,
    fix: 'Check the internet connection, or download the file on another machine and import it as shown above.',
  },
  STORE_UNWRITABLE: { exitCode: 4, fix: 'Make the folder writable, or name another folder in KDAD_EDGE_TEACHERS.' },
  BUNDLE_MISSING: { exitCode: 3, fix: 'Use the folder that kdad-edge train wrote; it contains manifest.json.' },
  BUNDLE_UNREADABLE: {
    exitCode: 4,
    fix: 'Give the user of kdad-edge read access (chown -R, or chmod -R a+rX), and check the disk.',
  },
  BUNDLE_DAMAGED: { exitCode: 3, fix: 'Copy the bundle again from its source, or train a new one.' },
  BUNDLE_UNSUPPORTED: { exitCode: 3, fix: 'Update kdad-edge, or train the model again with this version.' },
  OUTPUT_EXISTS: { exitCode: 2, fix: 'Choose another --out, or remove the old output first.' },
  FILE_UNUSABLE: {
    exitCode: 4,
    fix: 'Check that the file exists, that this user may read and write it, and that its disk works and has room.',
  },
  OUTPUT_UNWRITABLE: { exitCode: 4, fix: 'Choose a place that you may write to, on a disk with room.' },
  CHECKPOINT_INVALID: {
    exitCode: 3,
    fix: 'Start again without --resume, or resume with the options of the first start.',
  },
  TRAINING_DIVERGED: { exitCode: 3, fix: 'Lower the learning rate, or train with the default recipe.' },
  KERNEL_UNSUPPORTED: { exitCode: 70, fix: 'Report it: the program uses an operation that the engine cannot trace.' },
  ENGINE_FAILED: {
    exitCode: 4,
    fix: 'Check that the engine (onnxruntime-node, TensorFlow) is installed for this platform, and that there is enough memory.',
  },
  TENSORFLOW_MISSING: { exitCode: 4, fix: 'Run kdad-edge setup tensorflow, or use the onnx engine.' },
  DEVICE_UNUSABLE: {
    exitCode: 4,
    fix: 'Fix what is named above (docs/hardware.md has the steps), or use device auto or cpu.',
  },
  PYTHON_MISSING: {
    exitCode: 4,
    fix: 'Install Python 3 (apt install python3), or name a Python with --python.',
  },
  WHEEL_MISSING: {
    exitCode: 4,
    fix: 'Install TensorFlow for this Python (docs/hardware.md has the command for each kind of box), or name another Python with --python.',
  },
  COMPILER_MISSING: { exitCode: 4, fix: 'Install a C++ compiler (apt install g++), or name one in CXX.' },
  NPM_FAILED: { exitCode: 4, fix: 'Check that npm works and reaches its registry (npm ping), then try again.' },
  COMPILE_FAILED: {
    exitCode: 4,
    fix: 'Check the compiler and the version of the TensorFlow wheel; docs/hardware.md lists the versions that were tried.',
  },
  TENSORFLOW_BROKEN: {
    exitCode: 4,
    fix: 'Try another version of the TensorFlow wheel, or use the onnx engine.',
  },
  CUDA_MISSING: {
    exitCode: 4,
    fix: 'Install that version of CUDA beside the other one (docs/hardware.md), or name the version with --cuda if you install it later.',
  },
  FFMPEG_MISSING: {
    exitCode: 4,
    fix: 'Install ffmpeg (apt install ffmpeg), or name one with --ffmpeg, the ffmpeg key or FFMPEG_PATH.',
  },
  CAMERA_FAILED: {
    exitCode: 4,
    fix: 'Check the address, the login and the network; ffprobe with the same address shows more.',
  },
  FFMPEG_FAILED: { exitCode: 4, fix: 'Try the address or file with ffprobe; the last lines of ffmpeg are above.' },
  VIDEO_DAMAGED: {
    exitCode: 3,
    fix: 'Copy or record the video again; ffmpeg -v warning -i FILE -f null - shows every fault in it.',
  },
  INFERENCE_FAILED: { exitCode: 4, fix: 'See the log above; kdad-edge predict with the same bundle shows more.' },
  STATE_UNUSABLE: {
    exitCode: 4,
    fix: 'Make room on the disk, or name a separate writable folder with stateDir (or $STATE_DIRECTORY).',
  },
  PORT_TAKEN: { exitCode: 4, fix: 'Stop the other program, or choose another http.port.' },
  TOPIC_REFUSED: {
    exitCode: 4,
    fix: "Let the daemon's user read and write below mqtt.topicPrefix; docs/mqtt.md has an access list for Mosquitto.",
  },
  CLIENT_ID_TAKEN: { exitCode: 4, fix: 'Remove mqtt.clientId, or give each client its own.' },
  BROKER_UNREACHABLE: { exitCode: 4, fix: 'Check mqtt.url, the credentials and that the broker runs.' },
  DAEMON_UNREACHABLE: {
    exitCode: 4,
    fix: "Check that the daemon runs with this configuration, and run this command as the daemon's user (sudo -u kdad-edge).",
  },
  COMMAND_INVALID: { exitCode: 2, fix: 'docs/mqtt.md describes every command with its payload.' },
  COMMAND_FAILED: { exitCode: 4, fix: 'Send it again when what is named above has changed; the log shows more.' },
  CHECK_TIMED_OUT: { exitCode: 4, fix: 'Check what it depends on (network, disk, device), and try again.' },
  DEMO_FAILED: {
    exitCode: 4,
    fix: 'Read the log named above, or start kdad-edge run with the configuration beside it.',
  },
  BENCH_FAILED: {
    exitCode: 4,
    fix: 'Read the lines of the daemon or ffmpeg above; kdad-edge bench --only load,inference needs neither.',
  },
  DEFECT: { exitCode: 70, fix: 'Report it with the lines above, the version, and the command.' },
  INTERRUPTED: { exitCode: 130, fix: 'Start it again; a training continues with --resume.' },
} as const satisfies Record<string, { exitCode: number; fix: string }>;

export type ErrorCode = keyof typeof table;

/** Every code, in the order of the table; docs/troubleshooting.md has a row for each. */
export const errorCodes = Object.keys(table) as ErrorCode[];

/** An error with a code from the table above. The message names the thing, the place and what was expected. */
export class KdadError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KdadError';
    this.code = code;
  }

  /** What the user can do about it. */
  get fix(): string {
    return table[this.code].fix;
  }

  get exitCode(): number {
    return table[this.code].exitCode;
  }
}
