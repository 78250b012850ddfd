import {existsSync} from 'node:fs'
import {type Browser, chromium} from 'playwright-core'

// Where Debian, Ubuntu, Fedora and macOS have it; CHROMIUM names another.
const places = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** The Chromium of this machine; undefined, with a line on stderr, where there is none. */
export const chromiumPath = places.find(place => place !== undefined && existsSync(place))
if (chromiumPath === undefined) {
  process.stderr.write('No Chromium is installed: what is tested in a browser is skipped. CHROMIUM=PATH names one.\n')
}

/** Starts a headless Chromium that asks nobody but the pages it is shown. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
