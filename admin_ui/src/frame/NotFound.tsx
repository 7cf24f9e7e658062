// An address that leads nowhere.
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { EmptyState } from './states'

export function NotFound() {
  const { t } = useTranslation()
  return <EmptyState title={t('state.noPage')} action={<Link to="/">{t('state.toStart')}</Link>} />
}
