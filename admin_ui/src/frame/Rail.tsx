// The left rail: the app one works in, its tabs, and below them what belongs to no app.
import {
  AuditOutlined,
  CheckSquareOutlined,
  DeleteOutlined,
  DownOutlined,
  LeftOutlined,
  RightOutlined,
  SettingOutlined,
} from '@ant-design/icons'
import Button from 'antd/es/button'
import Dropdown from 'antd/es/dropdown'
import Tooltip from 'antd/es/tooltip'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { NavLink, useNavigate } from 'react-router'
import { usePrefetchDescribe } from '../api/queries'
import type { Tab } from '../api/types'
import { usePendingCount } from '../approvals/useApprovals'
import { CountBadge } from '../automation/CountBadge'
import { useSetupSections } from '../setup/sections'
import { MetadataIcon } from './MetadataIcon'
import { setPreferences } from './preferences'
import { useMay, useSession } from './session'
import { tabAddress, useApp } from './tabs'

interface RailLink {
  to: string
  label: string
  icon: ReactNode
  /** What waits behind it, and what to say of that. */
  count?: number
  countText?: string
  onHover?: () => void
}

export function Rail({ collapsed, inDrawer = false }: { collapsed: boolean; inDrawer?: boolean }) {
  const { t } = useTranslation()
  const { apps } = useSession()
  const app = useApp()
  const navigate = useNavigate()
  const prefetch = usePrefetchDescribe()
  const maySetup = useSetupSections().length > 0
  const mayAudit = useMay('ViewAudit')
  const waiting = usePendingCount()

  function choose(name: string) {
    setPreferences({ app: name })
    const [first] = apps.find((each) => each.name === name)?.tabs ?? []
    if (first) void navigate(tabAddress(first))
  }

  /** The application's own pages are named by the application's own texts. */
  function pageLabel(tab: Tab): string {
    if (tab.name === 'home') return t('frame.home')
    if (tab.name === 'setup') return t('frame.setup')
    return tab.name === 'audit' ? t('frame.audit') : tab.label
  }

  const tabs: RailLink[] = (app?.tabs ?? []).map((tab) => ({
    to: tabAddress(tab),
    label: tab.kind === 'page' ? pageLabel(tab) : tab.label,
    icon: <MetadataIcon name={tab.icon ?? tab.name} />,
    onHover: tab.kind === 'object' ? () => prefetch(tab.name) : undefined,
  }))
  const has = (to: string) => tabs.some((link) => link.to === to)
  const others: RailLink[] = [
    {
      to: '/approvals',
      label: t('approval.title'),
      icon: <CheckSquareOutlined aria-hidden />,
      count: waiting,
      countText: t('approval.waiting', { count: waiting }),
    },
    { to: '/recycle-bin', label: t('frame.recycleBin'), icon: <DeleteOutlined aria-hidden /> },
    ...(mayAudit && !has('/audit')
      ? [{ to: '/audit', label: t('frame.audit'), icon: <AuditOutlined aria-hidden /> }]
      : []),
    ...(maySetup && !has('/admin')
      ? [{ to: '/admin', label: t('frame.setup'), icon: <SettingOutlined aria-hidden /> }]
      : []),
  ]

  const appButton = (
    <button type="button" className="rail-app" aria-label={t('frame.app', { app: app?.label ?? t('frame.noApp') })}>
      <span className="rail-app-icon">
        <MetadataIcon name={app?.icon} />
      </span>
      {!collapsed && (
        <>
          <span className="rail-app-label">{app?.label ?? t('frame.noApp')}</span>
          {apps.length > 1 && <DownOutlined aria-hidden className="small" />}
        </>
      )}
    </button>
  )

  return (
    <nav className={`rail${inDrawer ? ' rail-drawer' : ''}`} aria-label={t('frame.navigation')}>
      {apps.length > 1 ? (
        <Dropdown
          trigger={['click']}
          menu={{
            selectedKeys: app ? [app.name] : [],
            items: apps.map((each) => ({ key: each.name, label: each.label, icon: <MetadataIcon name={each.icon} /> })),
            onClick: ({ key }) => choose(key),
          }}
        >
          {appButton}
        </Dropdown>
      ) : (
        appButton
      )}
      <RailLinks links={tabs} collapsed={collapsed} />
      <div className="rail-foot">
        <RailLinks links={others} collapsed={collapsed} />
        {!inDrawer && (
          <Button
            type="text"
            className="rail-collapse"
            icon={collapsed ? <RightOutlined aria-hidden /> : <LeftOutlined aria-hidden />}
            aria-label={collapsed ? t('frame.expand') : t('frame.collapse')}
            aria-expanded={!collapsed}
            onClick={() => setPreferences({ railCollapsed: !collapsed })}
          />
        )}
      </div>
    </nav>
  )
}

function RailLinks({ links, collapsed }: { links: RailLink[]; collapsed: boolean }) {
  return (
    <ul className="rail-links">
      {links.map((link) => (
        <li key={link.to}>
          <Tooltip title={collapsed ? link.label : null} placement="right">
            <NavLink
              to={link.to}
              className="rail-link"
              aria-label={nameOf(link, collapsed)}
              onMouseEnter={link.onHover}
              onFocus={link.onHover}
            >
              {link.icon}
              {!collapsed && <span>{link.label}</span>}
              <CountBadge count={link.count ?? 0} />
            </NavLink>
          </Tooltip>
        </li>
      ))}
    </ul>
  )
}

/** A badge is a picture: who hears the link hears what it counts. */
function nameOf(link: RailLink, collapsed: boolean): string | undefined {
  if (link.count !== undefined && link.count > 0) return `${link.label} · ${link.countText ?? link.count}`
  return collapsed ? link.label : undefined
}
