// Rules, flows, processes, clocks: every component of a kind, packaged or the tenant's own; each can be switched off.
import { PlusOutlined } from '@ant-design/icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import Select from 'antd/es/select'
import Switch from 'antd/es/switch'
import Tag from 'antd/es/tag'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { logicComponents, logicKinds, turnLogic, type LogicSummary } from '../../api/logic'
import { DataTable, type Column } from '../../frame/DataTable'
import { PageHeader } from '../../frame/PageHeader'
import { useMay } from '../../frame/session'
import { useErrorText } from '../../frame/useErrorText'
import { matching } from './matching'

const FIRST = 'validation_rule'

/** Org-wide defaults are changed under Sharing, which says first whom a change concerns. */
const SHOWN_ELSEWHERE = 'org_wide_default'

export function LogicPage() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const [search, setSearch] = useSearchParams()
  const kind = search.get('kind') ?? FIRST
  const q = search.get('q') ?? ''
  const kinds = useQuery({ queryKey: ['setup', 'logic'], queryFn: logicKinds })
  const mayChange = useMay(kinds.data?.kinds.find((each) => each.kind === kind)?.needs ?? 'ManageMetadata')
  const all = useQuery({ queryKey: ['setup', 'logic', kind], queryFn: () => logicComponents(kind) })

  async function turn(each: LogicSummary, active: boolean) {
    try {
      await turnLogic(kind, each.name, active)
      await client.invalidateQueries({ queryKey: ['setup', 'logic'] })
    } catch (error) {
      message.error(errorText(error))
    }
  }

  const columns: Column<LogicSummary>[] = [
    {
      key: 'label',
      title: t('logic.name'),
      cell: (each) => (
        <>
          <Link to={`/admin/logic/${kind}/${encodeURIComponent(each.name)}`} className="record-link">
            {each.label}
          </Link>
          {each.label !== each.name && <div className="mono small">{each.name}</div>}
        </>
      ),
    },
    { key: 'id', title: t('logic.id'), className: 'mono', cell: (each) => each.id ?? '—' },
    { key: 'object', title: t('logic.object'), className: 'mono', cell: (each) => each.object ?? '—' },
    {
      key: 'package',
      title: t('object.package'),
      cell: (each) => (each.custom ? <Tag color="cyan">{t('setup.own')}</Tag> : each.package),
    },
    {
      key: 'active',
      title: t('logic.active'),
      cell: (each) => (
        <Switch
          size="small"
          checked={each.active}
          disabled={!mayChange}
          aria-label={t('logic.activeOf', { name: each.label })}
          onChange={(active) => void turn(each, active)}
        />
      ),
    },
  ]

  return (
    <div className="page">
      <PageHeader
        title={t('setup.logic')}
        actions={
          mayChange && (
            <Button
              type="primary"
              icon={<PlusOutlined aria-hidden />}
              onClick={() => void navigate(`/admin/logic/${kind}/new`)}
            >
              {t('logic.new')}
            </Button>
          )
        }
      />
      <div className="toolbar">
        <Select
          className="logic-kind"
          aria-label={t('logic.kind')}
          value={kind}
          loading={kinds.isPending}
          options={(kinds.data?.kinds ?? [])
            .filter((each) => each.kind !== SHOWN_ELSEWHERE)
            .map((each) => ({
              value: each.kind,
              label: `${t(`logic.kinds.${each.kind as 'flow'}`, { defaultValue: each.label })} (${each.components})`,
            }))}
          onChange={(value: string) => setSearch({ kind: value })}
        />
        <Input
          className="toolbar-search"
          allowClear
          value={q}
          placeholder={t('logic.search')}
          aria-label={t('logic.search')}
          onChange={(event) =>
            setSearch(event.target.value === '' ? { kind } : { kind, q: event.target.value }, { replace: true })
          }
        />
      </div>
      <DataTable
        query={all}
        rows={matching(all.data?.components ?? [], q)}
        columns={columns}
        rowKey={(each) => each.name}
        empty={q === '' ? t('logic.none') : t('frame.nothingFound', { q })}
        hint={q === '' ? t('logic.noneHint') : undefined}
      />
    </div>
  )
}
