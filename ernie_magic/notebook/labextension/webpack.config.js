// Builds the prebuilt extension in `built/` with one command, run in this folder: npm install
// A JupyterLab has it after the next `pip install`, also after `pip install -e`, which copies it.
//
// JupyterLab and Notebook load it as a federated module
// (https://jupyterlab.readthedocs.io/en/stable/extension/extension_dev.html#prebuilt-extensions).
// Whatever it imports is theirs: nothing of it is bundled.

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const { container } = require('webpack');
const { name, version, description, license } = require('./package.json');

const SOURCE = './prompt_cells.js'; // relative: the same is built in any folder
const SOURCES = [path.join(__dirname, SOURCE), __filename];
const BUILT = path.join(__dirname, 'built');

// Packages that the page shares, and the versions of them that will do: those of JupyterLab 4.2.
const SHARED = {
  '@codemirror/language': '^6.0.0',
  '@codemirror/state': '^6.2.0',
  '@codemirror/view': '^6.9.6',
  '@jupyterlab/codemirror': '^4.2.0',
  '@lezer/common': '^1.0.0',
  '@lezer/highlight': '^1.0.0'
};

const shared = Object.fromEntries(
  Object.entries(SHARED).map(([library, requiredVersion]) => [
    library,
    { singleton: true, import: false, requiredVersion }
  ])
);

function hashFiles(files) {
  const hash = crypto.createHash('sha256');
  files.forEach(file => hash.update(fs.readFileSync(file)));
  return hash.digest('hex');
}

// Tells JupyterLab what to load, and a test which source this was built from.
class PackageFile {
  apply(compiler) {
    compiler.hooks.afterEmit.tap('PackageFile', ({ assets }) => {
      const entry = Object.keys(assets).find(file => file.startsWith('remoteEntry'));
      const manifest = {
        name,
        version,
        description,
        license,
        dependencies: SHARED,
        sourceHash: hashFiles(SOURCES),
        jupyterlab: {
          extension: true,
          _build: { load: `static/${entry}`, extension: './extension' }
        }
      };
      fs.writeFileSync(
        path.join(BUILT, 'package.json'),
        `${JSON.stringify(manifest, null, 2)}\n`
      );
    });
  }
}

module.exports = {
  context: __dirname,
  mode: 'production',
  entry: {},
  output: {
    path: path.join(BUILT, 'static'),
    filename: '[name].[contenthash:8].js',
    publicPath: 'auto',
    uniqueName: name,
    clean: true
  },
  plugins: [
    new container.ModuleFederationPlugin({
      name,
      library: { type: 'var', name: ['_JUPYTERLAB', name] },
      filename: 'remoteEntry.[contenthash:8].js',
      exposes: { './extension': SOURCE },
      shared
    }),
    new PackageFile()
  ]
};
