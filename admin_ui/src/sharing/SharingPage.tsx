// Sharing: what everybody may see of each object, and the rules that share more or leave out.
import Tabs from 'antd/es/tabs'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { PageHeader } from '../frame/PageHeader'
import { Defaults } from './Defaults'
import { RuleList } from './RuleList'

export function SharingPage() {
  const { t } = useTranslation()
  const [search, setSearch] = useSearchParams()
  return (
    <div className="page">
      <PageHeader title={t('sharing.setup')} eyebrow={t('sharing.setupLead')} />
      <Tabs
        activeKey={search.get('tab') ?? 'defaults'}
        onChange={(tab) => setSearch({ tab }, { replace: true })}
        items={[
          { key: 'defaults', label: t('sharing.defaults'), children: <Defaults /> },
          { key: 'rules', label: t('sharing.rules'), children: <RuleList key="sharing" kind="sharing_rule" /> },
          {
            key: 'restrictions',
            label: t('sharing.restrictions'),
            children: <RuleList key="restriction" kind="restriction_rule" />,
          },
        ]}
      />
    </div>
  )
}
