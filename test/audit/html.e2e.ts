import {readFileSync, writeFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'
import type {Browser, Page} from 'playwright-core'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {defaultPolicy} from '../../src/audit/policy.ts'
import {toHtml} from '../../src/audit/reports/html.tsx'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {chromiumPath, startBrowser} from '../support/browser.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'
import {untilTestEnds} from '../support/until-test-ends.ts'
import {reportOf} from './report-of.ts'
import {subjectWith} from './subject.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const hostile = {
  script: '</script><script>globalThis.pwned = 1</script>',
  image: `"><img src=x onerror="globalThis.pwned=1">'`,
  comment: '<!--<script>',
  separators: 'a\u2028b\u2029c\u0000d\u202ee',
  template: '$' + '{globalThis.pwned = 1}`',
}

let browser: Browser
let sandbox: Sandbox
let env: Record<string, string>
let file: string

describe.skipIf(chromiumPath === undefined)('the HTML report, in a browser', () => {
  beforeAll(async () => {
    sandbox = await startSandbox({
      account: 'a1234567',
      instances: 900,
      vpcs: 20,
      regions: ['us-south', 'eu-de', 'jp-tok'],
    })
    for (const name of Object.values(hostile)) {
      await sandbox.fleet.add({name, metadata_service: {enabled: true, protocol: 'http'}})
    }
    env = freshEnvironment(sandbox.environment)
    file = join(env.HOME ?? '', 'audit.html')
    const {code} = await runInProcess(['metadata', 'audit', '--kind', 'instance', '--report', `html=${file}`, '-q'], {
      env,
    })
    expect(code).toBe(5)
    browser = await startBrowser()
  })

  afterAll(async () => {
    await browser?.close()
    await sandbox?.close()
  })

  const open = async (options: Parameters<Browser['newPage']>[0] = {}, path = file) => {
    const page = untilTestEnds(await browser.newPage(options))
    const asked: string[] = []
    const said: string[] = []
    page.on('request', request => asked.push(request.url()))
    page.on('console', message => said.push(message.text()))
    page.on('pageerror', error => said.push(error.message))
    await page.goto(pathToFileURL(path).href)
    return {page, asked, said}
  }
  const rows = (page: Page) => page.locator('#rows tbody tr')
  const names = (page: Page) =>
    page.locator('#rows tbody th').evaluateAll(cells => cells.map(cell => cell.firstChild?.textContent ?? ''))
  /** How much of the width of the list is out of sight. */
  const hidden = (page: Page) =>
    page.locator('.scroll').evaluate(({clientWidth, scrollWidth}) => scrollWidth - clientWidth)
  const position = (page: Page) => page.locator('#position').innerText()
  const search = async (page: Page, text: string) => {
    await page.getByLabel('Search').fill(text)
    // What is typed is searched for in a moment, and with Enter at once.
    await page.getByLabel('Search').press('Enter')
  }

  it('asks for nothing but itself, breaks no rule of its own policy, and throws nothing', async () => {
    const {page, asked, said} = await open()
    await search(page, 'web')
    expect(asked.filter(url => !url.startsWith('data:'))).toEqual([pathToFileURL(file).href])
    expect(said).toEqual([])
  })

  it('says what came out, of which account, when, by which policy, and that all could be read', async () => {
    const {page} = await open()
    expect(await page.locator('h1').innerText()).toBe('Not compliant')
    const head = await page.locator('header').innerText()
    expect(head).toMatch(/\d+ of 905 violate the policy built-in/)
    for (const text of ['a1234567', 'UTC', 'us-south, eu-de, jp-tok']) expect(head).toContain(text)
    expect(await page.getByText('all 3 regions in scope answered').isVisible()).toBe(true)
  })

  it('shows the share by region and by VPC as charts whose parts add up', async () => {
    const {page} = await open()
    const charts = page.locator('table.chart')
    expect(await charts.first().locator('tbody tr').count()).toBe(3)
    // 20 VPCs: fifteen, and the rest folded away.
    expect(await charts.nth(1).locator('tbody tr').count()).toBe(15)
    const bars = await page.locator('.bar svg').evaluateAll(svgs =>
      svgs.map(svg => ({
        width: svg.getBoundingClientRect().width,
        sum: [...svg.querySelectorAll('rect:not(.track)')].reduce(
          (sum, part) => sum + Number(part.getAttribute('width')),
          0,
        ),
        label: svg.getAttribute('aria-label'),
      })),
    )
    for (const {sum, label} of bars) {
      expect(sum).toBeCloseTo(100, 1)
      expect(label).toMatch(/\d+ compliant, \d+ violation/)
    }
    expect(bars[0]?.width).toBeGreaterThan(100)
    expect(await page.locator('.ring').getAttribute('aria-label')).toMatch(/^[\d.]+ % compliant$/)
  })

  it('searches while one types', async () => {
    const {page} = await open()
    await page.getByLabel('Search').pressSequentially('web-00042')
    await page.getByText('1–1 of 1 (of 905)').waitFor()
  })

  it('searches by any word, filters, follows a chart into the list, and says how many there are', async () => {
    const {page} = await open()
    expect(await position(page)).toMatch(/^1–200 of 905$/)
    await search(page, 'web-00042')
    expect(await names(page)).toEqual(['web-00042'])
    expect(await position(page)).toBe('1–1 of 1 (of 905)')
    await search(page, 'EU-DE violation limit')
    for (const text of await rows(page).allInnerTexts()) expect(text).toMatch(/violation.*eu-de.*hop limit is/s)
    await search(page, 'nosuchthing')
    expect(await position(page)).toBe('Nothing is like that.')
    await page.getByRole('button', {name: 'Clear'}).click()
    await page.getByLabel('Verdict').selectOption('compliant')
    for (const text of (await rows(page).allInnerTexts()).slice(0, 20)) expect(text).toMatch(/^compliant/)
    await page.getByRole('link', {name: 'jp-tok', exact: true}).click()
    expect(await position(page)).toBe('1–200 of 300 (of 905)')
    await page.getByRole('button', {name: 'Next'}).click()
    expect(await position(page)).toBe('201–300 of 300 (of 905)')
    expect(await rows(page).count()).toBe(100)
  })

  it('sorts by a column, up and then down, in the order of numbers', async () => {
    const {page} = await open()
    const button = page.getByRole('button', {name: 'Name and ID'})
    await search(page, 'web-')
    await button.click()
    expect((await names(page)).slice(0, 3)).toEqual(['web-00000', 'web-00001', 'web-00002'])
    expect(await page.locator('th[aria-sort=ascending]').innerText()).toContain('Name and ID')
    await button.click()
    expect((await names(page)).slice(0, 2)).toEqual(['web-00899', 'web-00898'])
    await page.getByRole('button', {name: 'Region'}).click()
    expect(await rows(page).first().innerText()).toContain('eu-de')
  })

  it('shows hostile names as the text that they are', async () => {
    const {page, said} = await open()
    for (const [what, shown] of Object.entries({
      ...hostile,
      separators: 'a\\u2028b\\u2029c\\u0000d\\u202ee',
    })) {
      await page.getByLabel('Search').fill('')
      await search(page, shown.split(' ')[0] ?? '')
      expect(await names(page), what).toContain(shown)
    }
    expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false)
    expect(await page.locator('img').count()).toBe(0)
    expect(said).toEqual([])
  })

  it('is readable without scripts: the worst first, and how many are not shown', async () => {
    const {page} = await open({javaScriptEnabled: false})
    expect(await rows(page).count()).toBe(200)
    expect(await rows(page).first().innerText()).toContain('violation')
    expect(await page.locator('#controls').isVisible()).toBe(false)
    expect(await page.locator('noscript').innerText()).toContain('the first 200 of 905')
    expect(await page.locator('table.chart').first().isVisible()).toBe(true)
  })

  it('prints without controls, more rows than it shows, and is as before afterwards', async () => {
    const {page} = await open()
    await page.evaluate("dispatchEvent(new Event('beforeprint'))")
    await page.emulateMedia({media: 'print'})
    expect(await rows(page).count()).toBe(500)
    expect(await page.getByText('The first 500 of 905 are printed.').isVisible()).toBe(true)
    expect(await page.locator('#controls').isVisible()).toBe(false)
    expect(await page.locator('#pager').isVisible()).toBe(false)
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)')
    await page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(await rows(page).count()).toBe(200)
    const pdf = await page.pdf({preferCSSPageSize: true})
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
  })

  it('prints the head of the list on each page, which takes a head that is whole and no button', async () => {
    const {page} = await open()
    await page.emulateMedia({media: 'print'})
    const style = (selector: string, name: string) =>
      page.evaluate(`getComputedStyle(document.querySelector('${selector}')).${name}`)
    expect(await style('#rows thead', 'breakInside')).toBe('avoid')
    expect(await style('#rows thead', 'display')).toBe('table-header-group')
    expect(await style('#rows thead button', 'display')).toBe('contents')
  })

  it('leaves no page empty in print, and fits 1280 px on a screen', async () => {
    const {page} = await open({viewport: {width: 1280, height: 800}})
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(1280)
    expect(await hidden(page)).toBe(0)
    const pdf = await page.pdf({preferCSSPageSize: true})
    // What is drawn on a page is a compressed stream: that of an empty one has but a few bytes.
    const sizes = contentSizes(pdf)
    expect(sizes.length).toBeGreaterThan(10)
    expect(Math.min(...sizes)).toBeGreaterThan(500)
  })

  it.each(['light', 'dark'] as const)('has nothing that hinders assistive technology, in %s', async colorScheme => {
    const {page} = await open({colorScheme, bypassCSP: true})
    await page.evaluate(axe)
    const violations = await page.evaluate(
      "axe.run().then(({violations}) => violations.map(({id, nodes}) => id + ': ' + nodes[0].html))",
    )
    expect(violations).toEqual([])
  })

  it('keeps all columns in sight whatever the length of a name', async () => {
    const long = 'n'.repeat(3000)
    const {id} = await sandbox.fleet.add({name: long, metadata_service: {enabled: true, protocol: 'http'}})
    const part = join(env.HOME ?? '', 'long.html')
    await runInProcess(['metadata', 'audit', '--name', 'n*', '--report', `html=${part}`, '-q'], {env})
    await sandbox.fleet.remove(id)
    const {page} = await open({viewport: {width: 1280, height: 900}}, part)
    expect(await names(page)).toEqual([long])
    expect(await hidden(page)).toBe(0)
  })

  it('of several accounts charts them first, filters by them, and keeps all columns in sight', async () => {
    const accounts = Array.from({length: 20}, (_, index) => ({
      id: `${index}`.padStart(32, 'a'),
      ...(index % 2 === 0 && {name: `Team ${index}`}),
    }))
    const subjects = accounts.flatMap(account =>
      ['web-1', 'web-2'].map(name => subjectWith({name, account, id: `0717_${account.id}-${name}`})),
    )
    const several = join(env.HOME ?? '', 'several.html')
    writeFileSync(several, toHtml(reportOf(defaultPolicy, subjects)))
    const {page, said} = await open({viewport: {width: 1280, height: 900}}, several)
    expect(await page.locator('section:has(table.chart) h2').first().innerText()).toBe('By account')
    expect(await page.locator('table.chart').first().locator('tbody tr').count()).toBe(15)
    await page.getByRole('link', {name: /^Team 0 /}).click()
    expect(await position(page)).toBe('1–2 of 2 (of 40)')
    await page.locator('#filter-account').selectOption({index: 2})
    expect(await rows(page).count()).toBe(2)
    await page.getByRole('button', {name: 'Clear'}).click()
    await page.getByRole('button', {name: 'Account'}).click()
    expect(await page.locator('th[aria-sort=ascending]').innerText()).toContain('Account')
    expect(await hidden(page)).toBe(0)
    await page.setViewportSize({width: 360, height: 740})
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
    expect(said).toEqual([])
  })

  it('is not wider than a telephone', async () => {
    const {page} = await open({viewport: {width: 360, height: 740}})
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
  })

  it('names what could not be read, and is not called compliant for it', async () => {
    sandbox.faults.push({kind: '403', path: /\/eu-de\/v1\/instances/})
    const part = join(env.HOME ?? '', 'part.html')
    const {code} = await runInProcess(['metadata', 'audit', '--kind', 'instance', '--report', `html=${part}`, '-q'], {
      env,
    })
    sandbox.faults.length = 0
    expect(code).toBe(1)
    const {page} = await open({}, part)
    expect(await page.locator('h1').innerText()).toBe('Incomplete')
    const alarm = await page.locator('.alarm').innerText()
    expect(alarm).toContain('instances of eu-de')
    expect(alarm).toContain('is.instance.instance.list')
    expect(await page.locator('.missing').innerText()).toContain('instances')
  })
})

/** How many bytes what is drawn on each page of a PDF takes. */
function contentSizes(pdf: Buffer): number[] {
  const text = pdf.toString('latin1')
  const pages = [...text.matchAll(/\/Type\s*\/Page\b(?!s)[^>]*?\/Contents (\d+) 0 R|\/Contents (\d+) 0 R/g)]
  return pages.map(([, first, second]) => {
    const id = first ?? second
    return Number(new RegExp(`(?:^|\\n)${id} 0 obj\\s*<<[^>]*?/Length (\\d+)`).exec(text)?.[1] ?? 0)
  })
}
