import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { rawRequest } from '../support/raw.ts'
import { startServer, TempFolder } from '../support/server.ts'
import { freePort } from '../support/free-port.ts'
import { missing, Program } from './program.ts'
import { visit } from './visitor.ts'

const gems = ['-r', 'rails', '-r', 'action_cable', '-e', '1']
const skip =
  missing('ruby', 'puma') ||
  (spawnSync('ruby', gems).status !== 0 &&
    'Rails is not installed (apt-get install ruby-railties ruby-actioncable puma)')

/** An application in one file: forms with a token, a session, a redirect, a stream and Action Cable. */
const application = `
require 'rails'
require 'action_controller/railtie'
require 'action_cable/engine'

class Shop < Rails::Application
  config.load_defaults 6.1
  config.root = __dir__
  config.eager_load = false
  config.secret_key_base = 'test' * 16
  config.logger = Logger.new(nil)
  config.session_store :cookie_store, key: '_shop'
  config.action_cable.mount_path = '/cable'
  config.action_cable.connection_class = -> { ShopConnection }
end

GO = Queue.new

class ShopConnection < ActionCable::Connection::Base; end

class PagesController < ActionController::Base
  protect_from_forgery with: :exception
  def index = render(plain: "at #{request.url}")
  def token = render(plain: form_authenticity_token)
  def show = render(plain: "name #{session[:name]}")
  def release = render(plain: (GO << true) && 'released')
  def create
    session[:name] = params[:name]
    redirect_to '/name'
  end
end

class StreamsController < ActionController::Base
  include ActionController::Live
  def show
    response.headers['Last-Modified'] = Time.now.httpdate
    response.stream.write 'first '
    GO.pop
    response.stream.write 'last'
  ensure
    response.stream.close
  end
end

Shop.initialize!
ActionCable.server.config.cable = { 'adapter' => 'async' }
Shop.routes.draw do
  root to: 'pages#index'
  get 'token', to: 'pages#token'
  post 'names', to: 'pages#create'
  get 'name', to: 'pages#show'
  get 'release', to: 'pages#release'
  get 'stream', to: 'streams#show'
end
run Shop
`

test(
  'a Rails application has its pages, forms, sessions, streams and Action Cable behind the preset',
  {
    skip,
  },
  async () => {
    using folder = await new TempFolder().write({ 'config.ru': application, 'tmp/.keep': '' })
    const port = await freePort()
    const command = ['env', 'RAILS_ENV=development', 'puma', '-b', `tcp://127.0.0.1:${port}`, folder.join('config.ru')]
    await using _rails = await Program.start(command, port, folder.path)
    await visit('rails', port, async (visitor) => {
      assert.equal(await visitor.text('/'), `at ${visitor.origin}/`)
      const authenticity_token = await visitor.text('/token')
      const next = visitor.redirectOf(await visitor.post('/names', { name: 'Ann', authenticity_token }))
      assert.equal(await visitor.text(next), 'name Ann')
      assert.equal((await visitor.post('/names', { name: 'Bob' })).status, 422)
      await visitor.readStream('/stream', ['first ', 'last'], () => visitor.text('/release'))
      using cable = await visitor.open('/cable', ['actioncable-v1-json'])
      assert.equal(cable.socket.protocol, 'actioncable-v1-json')
      await cable.next('welcome')
    })
    // Rails has names of its own to answer for.
    const upstream = `http://127.0.0.1:${port}`
    await using front = await startServer({}, { preset: 'rails', upstream, allowHost: 'shop.test' })
    for (const [host, status] of [
      ['app.localhost', 200],
      ['shop.test', 403],
    ] as const) {
      assert.equal((await rawRequest(front.port, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status, status, host)
    }
  },
)
