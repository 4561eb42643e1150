/*
 * The service worker of an application, which a test bundles: `strategy` names how it answers navigations.
 */
import { clientsClaim } from 'workbox-core'
import { precacheAndRoute } from 'workbox-precaching'
import { NavigationRoute, registerRoute } from 'workbox-routing'
import { NetworkFirst, NetworkOnly } from 'workbox-strategies'

const Strategy = { NetworkFirst, NetworkOnly }[globalThis.strategy]

globalThis.skipWaiting()
clientsClaim()
precacheAndRoute([{ url: '/offline.html', revision: '1' }])
registerRoute(new NavigationRoute(new Strategy()))
