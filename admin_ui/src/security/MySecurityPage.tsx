// One's own safety: password, second factors, where one is signed in, and letting an administrator in.
import { PageHeader } from '../frame/PageHeader'
import { useTranslation } from 'react-i18next'
import { useSession } from '../frame/session'
import { MyAppsCard } from '../federation/MyAppsCard'
import { MyIdentitiesCard } from '../federation/MyIdentitiesCard'
import { FactorsCard } from './FactorsCard'
import { LoginGrantCard } from './LoginGrantCard'
import { PasswordCard } from './PasswordCard'
import { SessionsCard } from './SessionsCard'

export function MySecurityPage() {
  const { t } = useTranslation()
  const { acting } = useSession()
  return (
    <div className="page">
      <PageHeader title={t('security.mine')} />
      <div className="security-cards">
        {acting === null && <PasswordCard />}
        {acting === null && <FactorsCard />}
        {acting === null && <MyIdentitiesCard />}
        <SessionsCard />
        {acting === null && <MyAppsCard />}
        {acting === null && <LoginGrantCard />}
      </div>
    </div>
  )
}
