// The top bar: menu on a phone, global search, create, help, language and the user's menu.
import { MenuOutlined, QuestionCircleOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { NotificationBell } from '../automation/NotificationBell'
import { CreateMenu } from './CreateMenu'
import { GlobalSearch } from './GlobalSearch'
import { HelpDialog } from './HelpDialog'
import { LanguageMenu } from './LanguageMenu'
import { Logo } from './Logo'
import { useSession } from './session'
import { UserMenu } from './UserMenu'
import { useIsPhone } from './useMedia'
import { useShortcut } from './useShortcut'

export function TopBar({ onMenu }: { onMenu: (() => void) | null }) {
  const { t } = useTranslation()
  const { tenant } = useSession()
  const isPhone = useIsPhone()
  const [isHelpOpen, setHelpOpen] = useState(false)
  useShortcut('?', () => setHelpOpen(true))

  return (
    <header className="top-bar">
      {onMenu && (
        <Button
          type="text"
          icon={<MenuOutlined aria-hidden />}
          aria-label={t('frame.openNavigation')}
          onClick={onMenu}
        />
      )}
      <Link to="/" className="top-bar-brand" aria-label={t('frame.toStart', { tenant: tenant.label })}>
        <Logo size={26} />
        {!isPhone && <span>{tenant.label}</span>}
      </Link>
      <GlobalSearch />
      <CreateMenu />
      <NotificationBell />
      {!isPhone && (
        <>
          <Button
            type="text"
            icon={<QuestionCircleOutlined aria-hidden />}
            aria-label={t('frame.help')}
            onClick={() => setHelpOpen(true)}
          />
          <LanguageMenu />
        </>
      )}
      <UserMenu onHelp={() => setHelpOpen(true)} />
      <HelpDialog open={isHelpOpen} onClose={() => setHelpOpen(false)} />
    </header>
  )
}
