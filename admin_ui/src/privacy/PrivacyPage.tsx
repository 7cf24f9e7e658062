// Privacy: what was asked for people's sake, what retention will do, what people agreed to.
import { UserOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import Tabs from 'antd/es/tabs'
import { useTranslation } from 'react-i18next'
import { useNavigate, useSearchParams } from 'react-router'
import { PageHeader } from '../frame/PageHeader'
import { Acts } from './Acts'
import { Consents } from './Consents'
import { RetentionRules } from './RetentionRules'

export function PrivacyPage() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [search, setSearch] = useSearchParams()
  return (
    <div className="page">
      <PageHeader
        title={t('privacy.title')}
        eyebrow={t('privacy.lead')}
        actions={
          <Button
            type="primary"
            icon={<UserOutlined aria-hidden />}
            onClick={() => void navigate('/admin/privacy/person')}
          >
            {t('privacy.forPerson')}
          </Button>
        }
      />
      <Tabs
        activeKey={search.get('tab') ?? 'acts'}
        onChange={(tab) => setSearch({ tab }, { replace: true })}
        items={[
          { key: 'acts', label: t('privacy.acts'), children: <Acts /> },
          { key: 'retention', label: t('privacy.retention'), children: <RetentionRules /> },
          { key: 'consent', label: t('privacy.consent'), children: <Consents /> },
        ]}
      />
    </div>
  )
}
