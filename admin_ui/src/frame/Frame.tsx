// What stands around every screen: the rail with apps and tabs, the bar with search and menus, the way past both.
import Drawer from 'antd/es/drawer'
import { Suspense, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Outlet, useLocation, useNavigation } from 'react-router'
import { ActingBand } from '../security/ActingBand'
import { usePreferences } from './preferences'
import { Rail } from './Rail'
import { PageSkeleton } from './states'
import { TopBar } from './TopBar'
import { useIsPhone } from './useMedia'

export function Frame() {
  const { t } = useTranslation()
  const isPhone = useIsPhone()
  const { railCollapsed } = usePreferences()
  const [isDrawerOpen, setDrawerOpen] = useState(false)
  const { pathname } = useLocation()
  const navigation = useNavigation()
  const main = useRef<HTMLElement>(null)

  useEffect(() => {
    setDrawerOpen(false)
    main.current?.scrollTo(0, 0)
  }, [pathname])

  return (
    <div className={`frame${railCollapsed && !isPhone ? ' frame-collapsed' : ''}`}>
      <a className="skip-link" href="#main">
        {t('frame.skip')}
      </a>
      {navigation.state === 'loading' && (
        <div className="progress" role="progressbar" aria-label={t('state.loading')} />
      )}
      <ActingBand />
      <TopBar onMenu={isPhone ? () => setDrawerOpen(true) : null} />
      {isPhone ? (
        <Drawer
          open={isDrawerOpen}
          onClose={() => setDrawerOpen(false)}
          placement="left"
          size={280}
          title={t('frame.navigation')}
          styles={{ body: { padding: 0 } }}
        >
          <Rail collapsed={false} inDrawer />
        </Drawer>
      ) : (
        <Rail collapsed={railCollapsed} />
      )}
      <main id="main" ref={main} className="main" tabIndex={-1}>
        <Suspense fallback={<PageSkeleton />}>
          <Outlet />
        </Suspense>
      </main>
    </div>
  )
}
