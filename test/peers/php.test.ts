import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { TempFolder } from '../support/server.ts'
import { freePort } from '../support/free-port.ts'
import { missing, Program } from './program.ts'
import { visit } from './visitor.ts'

const site = {
  'index.php': `<?php session_start(); $_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
    $scheme = $_SERVER['HTTP_X_FORWARDED_PROTO'];
    echo 'visit ', $_SESSION['visits'], ' at ', $scheme, '://', $_SERVER['HTTP_HOST'], $_SERVER['REQUEST_URI'];`,
  'form.php': `<?php if ($_SERVER['REQUEST_METHOD'] === 'POST') { header("Location: http://$_SERVER[HTTP_HOST]/index.php?name=" . urlencode($_POST['name'])); exit; }
    echo '<form method="post"><input name="name"></form>';`,
  'upload.php': `<?php echo hash('sha256', file_get_contents('php://input'));`,
  // The server answers one request at a time, so that a file releases it.
  'stream.php': `<?php while (ob_get_level() > 0) ob_end_flush(); header('X-Accel-Buffering: no'); echo 'first '; flush();
    while (!file_exists('go')) { clearstatcache(); usleep(5000); } unlink('go'); echo 'last';`,
  'style.css': 'p { color: red }',
}

test(
  "a PHP site of PHP's server has its pages, forms, sessions, uploads and streams behind the preset",
  {
    skip: missing('php'),
  },
  async () => {
    using folder = await new TempFolder().write(site)
    const port = await freePort()
    await using _php = await Program.start(['php', '-S', `127.0.0.1:${port}`], port, folder.path)
    await visit('php', port, async (visitor) => {
      assert.equal(await visitor.text('/'), `visit 1 at ${visitor.origin}/`)
      assert.equal(await visitor.text('/style.css'), site['style.css'])
      assert.match(await visitor.text('/form.php'), /<form/)
      const next = visitor.redirectOf(await visitor.post('/form.php', { name: 'Ann & Bob' }))
      assert.equal(await visitor.text(next), `visit 2 at ${visitor.origin}/index.php?name=Ann+%26+Bob`)
      const content = Buffer.alloc(300_000, 'chunks for PHP. ')
      const chunked = new ReadableStream({
        start(controller) {
          for (let at = 0; at < content.length; at += 50_000) controller.enqueue(content.subarray(at, at + 50_000))
          controller.close()
        },
      })
      const sum = await visitor.text('/upload.php', { method: 'POST', body: chunked, duplex: 'half' })
      assert.equal(sum, createHash('sha256').update(content).digest('hex'))
      await visitor.readStream('/stream.php', ['first ', 'last'], () => folder.write({ go: '' }))
      assert.equal((await visitor.fetch('/missing.php')).status, 404)
    })
  },
)
