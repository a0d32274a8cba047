// Gathers the pictures that the teacher in assets/teacher learned from: node bench/teacher-corpus.js FOLDER On Debian
// 12, as a user who may run apt-get download; needs dpkg and unzip, 25 GB of disk while it works and 15 GB afterwards.
// What it finds is the corpus for kdad-edge teacher distill --corpus FOLDER/pictures.
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, extname, join, relative, resolve } from 'node:path';
import sharp from 'sharp';

const packages = [
  ...['redeclipse-data', 'flightgear-data-base', 'supertuxkart-data', 'nexuiz-textures', 'ufoai-textures'],
  ...['openclipart-png', 'stellarium-data', 'openarena-081-textures', 'torcs-data', 'tuxpaint-stamps-default'],
  ...['plasma-workspace-wallpapers', 'desktop-base', 'mate-backgrounds', 'warzone2100-data', 'gnome-backgrounds'],
  ...['ukui-wallpapers', 'lomiri-wallpapers', 'lomiri-wallpapers-16.04', 'lomiri-wallpapers-20.04'],
];

/** Not what a camera sees: maps of normals, gloss and masks, icons, fonts. */
const UNWANTED =
  /normal|_norm|_nm\b|_nrm|bump|gloss|spec|mask|icon|glow|lightmap|font|alpha|_n\.|_s\.|_g\.|_luma|_pants|_shirt|_reflect|_h\.|height|thumb|caustic|cursor|crosshair|gui\/|hud/i;

/** The shorter side of a picture has so many pixels at least. */
const LEAST = 128;

const root = resolve(process.argv[2] ?? fail('node bench/teacher-corpus.js FOLDER'));
const [unpacked, pictures] = [join(root, 'unpacked'), join(root, 'pictures')];
for (const name of packages) {
  const folder = join(unpacked, name);
  mkdirSync(folder, { recursive: true });
  execFileSync('apt-get', ['download', '-q', name], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  for (const deb of filesIn(folder, ['.deb'])) {
    execFileSync('dpkg', ['-x', deb, folder]);
    rmSync(deb);
  }
  for (const archive of filesIn(folder, ['.zip', '.pk3', '.wz'])) {
    execFileSync('unzip', ['-qqo', archive, '-d', `${archive}.unpacked`]);
  }
  console.log(`${name}: ${await choose(name)} pictures`);
}
rmSync(unpacked, { recursive: true });

/** Links the pictures that serve into the corpus, by number. */
async function choose(name) {
  const folder = join(pictures, name);
  mkdirSync(folder, { recursive: true });
  const found = filesIn(join(unpacked, name), ['.png', '.jpg', '.jpeg', '.webp']);
  let chosen = 0;
  for (const path of found.filter((path) => !UNWANTED.test(relative(unpacked, path))).sort()) {
    const { width = 0, height = 0 } = await sharp(path)
      .metadata()
      .catch(() => ({}));
    if (Math.min(width, height) < LEAST) continue;
    linkSync(path, join(folder, `${String(++chosen).padStart(5, '0')}-${basename(path)}`));
  }
  return chosen;
}

function filesIn(folder, extensions) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && extensions.includes(extname(entry.name).toLowerCase()))
    .map((entry) => join(entry.path, entry.name));
}

function fail(usage) {
  console.error(`Usage: ${usage}`);
  process.exit(2);
}
