// Home: what is mine in the first objects of my app.
import { HomeOutlined } from '@ant-design/icons'
import { useTranslation } from 'react-i18next'
import { WaitingCard } from '../approvals/WaitingCard'
import { EmptyState } from './states'
import { HomeCard } from './HomeCard'
import { PageHeader } from './PageHeader'
import { useSession } from './session'
import { objectTabs, useApp } from './tabs'
import { greeting } from './greeting'
import { tidyName } from '../records/names'

const CARDS = 4

export function Home() {
  const { t } = useTranslation()
  const { user } = useSession()
  const app = useApp()
  const tabs = app ? objectTabs([app]).slice(0, CARDS) : []
  return (
    <div className="page">
      <PageHeader
        icon={<HomeOutlined aria-hidden />}
        eyebrow={app?.label}
        title={t(`home.${greeting(new Date(), user.time_zone)}`, { name: tidyName(user.name) })}
      />
      <WaitingCard />
      {tabs.length === 0 ? (
        <EmptyState title={t('home.nothing')} hint={t('home.nothingHint')} />
      ) : (
        <div className="home-cards">
          {tabs.map((tab) => (
            <HomeCard key={tab.name} tab={tab} />
          ))}
        </div>
      )}
    </div>
  )
}
