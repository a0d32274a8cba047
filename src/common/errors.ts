/**
 * Every error that a user can meet, by code: what ends the process with which exit code, and what to do about it.
 * Exit codes: 2 the command line or configuration, 3 input data or a model, 4 the environment, 70 a defect of ours.
 */
const table = {
  USAGE: { exitCode: 2, fix: 'See kdad-edge --help.' },
  CONFIG_INVALID: { exitCode: 2, fix: 'Correct the lines named above; docs/configuration.md describes every key.' },
  DATASET_INVALID: {
    exitCode: 3,
    fix: 'Give good images, or a layout of docs/datasets.md; or name the folders with --good, --defective and --masks.',
  },
  IMAGE_UNREADABLE: { exitCode: 3, fix: 'Remove the file or replace it with a PNG, JPEG, BMP, WebP or TIFF image.' },
  WEIGHTS_INVALID: { exitCode: 3, fix: 'Download or export the file again; docs/teacher.md lists the accepted forms.' },
  DOWNLOAD_FAILED: {
    exitCode: 4,
    fix: 'Check the connection to the internet, or download the file on another machine and import it as shown above.',
  },
  STORE_UNWRITABLE: { exitCode: 4, fix: 'Make the folder writable, or name another one in KDAD_EDGE_TEACHERS.' },
  BUNDLE_MISSING: { exitCode: 3, fix: 'Give the folder that kdad-edge train wrote (it holds manifest.json).' },
  BUNDLE_UNREADABLE: {
    exitCode: 4,
    fix: 'Let the user that kdad-edge runs as read it (chown -R, or chmod -R a+rX), and see that its disk is well.',
  },
  BUNDLE_DAMAGED: { exitCode: 3, fix: 'Copy the bundle again from its source, or train a new one.' },
  BUNDLE_UNSUPPORTED: { exitCode: 3, fix: 'Update kdad-edge, or train the model again with this version.' },
  OUTPUT_EXISTS: { exitCode: 2, fix: 'Choose another --out, or remove the old one first.' },
  FILE_UNUSABLE: {
    exitCode: 4,
    fix: 'See that it is there, that this user may read and write it, and that its disk has room and is well.',
  },
  OUTPUT_UNWRITABLE: { exitCode: 4, fix: 'Name a place that you may write to, on a disk with room.' },
  CHECKPOINT_INVALID: { exitCode: 3, fix: 'Start again without --resume, or resume with the options it began with.' },
  TRAINING_DIVERGED: { exitCode: 3, fix: 'Lower the learning rate, or train with the default recipe.' },
  KERNEL_UNSUPPORTED: { exitCode: 70, fix: 'Report it: the program uses an operation that the engine cannot trace.' },
  ENGINE_FAILED: {
    exitCode: 4,
    fix: 'Check that the engine (onnxruntime-node, TensorFlow) is installed for this platform, and the memory.',
  },
  TENSORFLOW_MISSING: { exitCode: 4, fix: 'Set it up with kdad-edge setup tensorflow, or leave the engine to onnx.' },
  DEVICE_UNUSABLE: {
    exitCode: 4,
    fix: 'Put right what is named above (docs/hardware.md has the steps), or take device auto or cpu.',
  },
  PYTHON_MISSING: {
    exitCode: 4,
    fix: 'Install Python 3 (apt install python3), or name the one that has TensorFlow with --python.',
  },
  WHEEL_MISSING: {
    exitCode: 4,
    fix: 'Install TensorFlow for that Python; docs/hardware.md has the command for each kind of box. --python names another one.',
  },
  COMPILER_MISSING: { exitCode: 4, fix: 'Install a C++ compiler (apt install g++), or name one in CXX.' },
  NPM_FAILED: { exitCode: 4, fix: 'Check that npm works and reaches its registry (npm ping), then run it again.' },
  COMPILE_FAILED: {
    exitCode: 4,
    fix: 'Check the compiler, and the version of the TensorFlow wheel: docs/hardware.md says with which ones this was tried.',
  },
  TENSORFLOW_BROKEN: {
    exitCode: 4,
    fix: 'Try another version of the TensorFlow wheel; the onnx engine does without it.',
  },
  CUDA_MISSING: {
    exitCode: 4,
    fix: 'Install that version of CUDA beside the other (docs/hardware.md), or name it with --cuda where it comes later.',
  },
  FFMPEG_MISSING: {
    exitCode: 4,
    fix: 'Install ffmpeg (apt install ffmpeg), or name one with --ffmpeg, the ffmpeg key or FFMPEG_PATH.',
  },
  CAMERA_FAILED: {
    exitCode: 4,
    fix: 'Check the address, the login and the network; ffprobe with the same address tells more.',
  },
  FFMPEG_FAILED: { exitCode: 4, fix: 'Try the address or file with ffprobe; the last lines of ffmpeg are above.' },
  VIDEO_DAMAGED: {
    exitCode: 3,
    fix: 'Copy or record the video again; ffmpeg -v warning -i FILE -f null - shows all that is wrong with it.',
  },
  INFERENCE_FAILED: { exitCode: 4, fix: 'See the log above; kdad-edge predict with the same bundle shows more.' },
  STATE_UNUSABLE: {
    exitCode: 4,
    fix: 'Make room on the disk, or name a writable folder of its own with stateDir (or $STATE_DIRECTORY).',
  },
  PORT_TAKEN: { exitCode: 4, fix: 'Stop the other program, or choose another http.port.' },
  TOPIC_REFUSED: {
    exitCode: 4,
    fix: "Let the daemon's user read and write below mqtt.topicPrefix: docs/mqtt.md has a list of rights for Mosquitto.",
  },
  CLIENT_ID_TAKEN: { exitCode: 4, fix: 'Leave mqtt.clientId out, or give each client its own.' },
  BROKER_UNREACHABLE: { exitCode: 4, fix: 'Check mqtt.url, the credentials and that the broker runs.' },
  DAEMON_UNREACHABLE: {
    exitCode: 4,
    fix: "See that the daemon runs with this configuration, and run this as its user (sudo -u kdad-edge): its state folder is nobody else's.",
  },
  COMMAND_INVALID: { exitCode: 2, fix: 'docs/mqtt.md describes every command with its payload.' },
  COMMAND_FAILED: { exitCode: 4, fix: 'Send it again when what is named above has changed; the log says more.' },
  CHECK_TIMED_OUT: { exitCode: 4, fix: 'Look at what it depends on (network, disk, device), and try again.' },
  DEMO_FAILED: {
    exitCode: 4,
    fix: 'Read the log named above; kdad-edge run with the configuration beside it shows the same.',
  },
  BENCH_FAILED: {
    exitCode: 4,
    fix: 'The lines above say what the daemon or ffmpeg met; kdad-edge bench --only load,inference does without both.',
  },
  DEFECT: { exitCode: 70, fix: 'Report it with the lines above, the version, and what was run.' },
  INTERRUPTED: { exitCode: 130, fix: '' },
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
