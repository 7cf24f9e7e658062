// Setup: its sections on the left, on a phone above; each shows only if the user's permissions open it.
import Select from 'antd/es/select'
import { useTranslation } from 'react-i18next'
import { NavLink, Outlet, useLocation, useNavigate } from 'react-router'
import { useSession } from '../frame/session'
import { EmptyState } from '../frame/states'
import { useIsPhone } from '../frame/useMedia'
import { useSetupSections } from './sections'

export function SetupFrame() {
  const { t } = useTranslation()
  const isPhone = useIsPhone()
  const navigate = useNavigate()
  const { pathname } = useLocation()
  const sections = useSetupSections()
  const { region } = useSession().tenant
  if (sections.length === 0) return <EmptyState title={t('state.noPermission')} hint={t('state.refusedHint')} />

  return (
    <div className="setup">
      {isPhone ? (
        <Select
          className="setup-select"
          aria-label={t('setup.sections')}
          value={sections.find((section) => pathname.startsWith(section.to))?.to ?? sections[0]?.to}
          options={sections.map((section) => ({ value: section.to, label: section.label }))}
          onChange={(to: string) => void navigate(to)}
        />
      ) : (
        <nav className="setup-nav" aria-label={t('setup.sections')}>
          <h2>{t('frame.setup')}</h2>
          {region !== null && <p className="muted small setup-region">{t('setup.region', { region })}</p>}
          <ul>
            {sections.map((section) => (
              <li key={section.to}>
                <NavLink to={section.to} className="setup-link">
                  {section.label}
                </NavLink>
              </li>
            ))}
          </ul>
        </nav>
      )}
      <div className="setup-main">
        <Outlet />
      </div>
    </div>
  )
}
