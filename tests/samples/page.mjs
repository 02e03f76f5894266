// Opens the page of the JavaScript sample in jsdom, with jQuery from npm at the address of the CDN: page.mjs PAGE PACKAGES ORIGIN.
// Prints what the page alerts.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [page, packages, origin] = process.argv.slice(2);
const require = createRequire(join(packages, 'package.json'));
const { JSDOM, ResourceLoader, VirtualConsole } = require('jsdom');
const jquery = readFileSync(join(packages, 'node_modules/jquery/jquery.min.js'));

class Cdn extends ResourceLoader {
  fetch(address) {
    return address.includes('/libs/jquery/') ? Promise.resolve(jquery) : Promise.reject(new Error(address));
  }
}

const virtualConsole = new VirtualConsole();
virtualConsole.sendTo(console);
new JSDOM(readFileSync(page, 'utf8'), {
  url: origin,
  runScripts: 'dangerously',
  resources: new Cdn(),
  virtualConsole,
  beforeParse(window) {
    window.alert = (text) => {
      console.log(text);
      process.exit(0);
    };
  },
});
