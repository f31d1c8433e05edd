// Opens pages in one Chromium and says as JSON, a line each, what is there: node browser.js CHROMIUM PROFILE < steps
// A step is a line of JSON:
// {open: URL, fill: {name: value}, type: {into: SELECTOR, text: TEXT}, click: TEXT, wait: URL-PART, see: TEXT, shot: FILE,
//  headers: {…}}
const { chromium } = require('playwright-core');
const fs = require('fs');

async function step(page, wanted) {
  const told = {};
  try {
    await page.setExtraHTTPHeaders(wanted.headers || {});
    if (wanted.open) {
      const answer = await page.goto(wanted.open, { waitUntil: 'networkidle' });
      const tls = await answer.securityDetails();
      told.status = answer.status();
      told.issuer = tls && tls.issuer;
      told.protocol = tls && tls.protocol;
    }
    for (const [name, value] of Object.entries(wanted.fill || {})) {
      await page.fill(`input[name="${name}"]`, value);
    }
    if (wanted.type) {
      await page.click(wanted.type.into);
      await page.keyboard.insertText(wanted.type.text);
    }
    if (wanted.click) await page.click(`button:has-text("${wanted.click}")`);
    if (wanted.wait) await page.waitForURL((url) => url.href.includes(wanted.wait));
    if (wanted.click || wanted.wait) await page.waitForLoadState('networkidle');
    if (wanted.see) await page.getByText(wanted.see).first().waitFor();
    told.url = page.url();
    told.title = await page.title();
    told.text = await page.innerText('body');
    told.inputs = await page.$$eval('input', (all) => all.map((one) => one.name));
    told.buttons = await page.$$eval('button', (all) => all.map((one) => one.innerText));
    if (wanted.shot) await page.screenshot({ path: wanted.shot });
  } catch (error) {
    told.error = String(error).split('\n')[0];
  }
  return told;
}

async function main() {
  const [executablePath, profile] = process.argv.slice(2);
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: ['--disable-gpu', '--no-first-run', '--disable-quic'],
    viewport: { width: 1000, height: 420 },
    timeout: 120000,
  });
  context.setDefaultTimeout(60000);
  const page = context.pages()[0] || (await context.newPage());
  for (const line of fs.readFileSync(0, 'utf8').split('\n')) {
    if (line) console.log(JSON.stringify(await step(page, JSON.parse(line))));
  }
  await context.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
