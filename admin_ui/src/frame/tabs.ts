// Apps and their tabs: which app one works in, and where each tab leads.
import type { AppDescribe, Bootstrap, Tab } from '../api/types'
import { usePreferences } from './preferences'
import { useSession } from './session'

const PAGES: Record<string, string> = { home: '/home', setup: '/admin', audit: '/audit' }

export function tabAddress(tab: Tab): string {
  return tab.kind === 'object' ? `/o/${tab.name}` : (PAGES[tab.name] ?? `/${tab.name}`)
}

export function findApp(session: Bootstrap, name: string | null): AppDescribe | null {
  return session.apps.find((app) => app.name === name) ?? session.apps[0] ?? null
}

export function useApp(): AppDescribe | null {
  return findApp(useSession(), usePreferences().app)
}

/** Every object that has a tab in some app, once. */
export function objectTabs(apps: AppDescribe[]): Tab[] {
  const byName = new Map<string, Tab>()
  for (const tab of apps.flatMap((app) => app.tabs)) {
    if (tab.kind === 'object' && !byName.has(tab.name)) byName.set(tab.name, tab)
  }
  return [...byName.values()]
}
