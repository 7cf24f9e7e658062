// The imports that the user has made: where each stands; going on with one, removing one, beginning a new one.
import { PlusOutlined } from '@ant-design/icons'
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Tag from 'antd/es/tag'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import { discardImport, imports, type Import, type ImportState } from '../api/imports'
import { useMoment } from '../audit/useMoment'
import { DataTable, useActionsColumn, type Column } from '../frame/DataTable'
import { PageHeader } from '../frame/PageHeader'
import { useMay } from '../frame/session'
import { EmptyState } from '../frame/states'
import { useAsk } from '../frame/useAsk'
import { useWholeNumber } from '../records/fields/useWholeNumber'
import { isChecked, phaseAtWork } from './stage'
import { IMPORTS, useImportableObjects } from './useImport'

const COLOURS: Partial<Record<ImportState, string>> = {
  JobComplete: 'green',
  Failed: 'red',
  Aborted: 'orange',
  Checking: 'blue',
  InProgress: 'blue',
  Undoing: 'blue',
}
const LOOK_AGAIN = 3_000

export function ImportsPage() {
  const { t } = useTranslation()
  const mayImport = useMay('ImportData')
  if (!mayImport) return <EmptyState title={t('state.noPermission')} hint={t('state.refusedHint')} />
  return <ImportList />
}

function ImportList() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const client = useQueryClient()
  const ask = useAsk()
  const moment = useMoment()
  const objects = useImportableObjects()
  const page = useInfiniteQuery({
    queryKey: [...IMPORTS, 'all'],
    queryFn: ({ pageParam }) => imports(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    refetchInterval: ({ state }) => {
      const isBusy = state.data?.pages.some((each) => each.imports.some((one) => phaseAtWork(one) !== null))
      return isBusy ? LOOK_AGAIN : false
    },
  })
  const labelOf = (name: string) => objects.data?.find((each) => each.name === name)?.label ?? name
  const number = useWholeNumber()
  const askRemove = (each: Import) =>
    ask({
      title: t('imports.removeTitle'),
      content: t('imports.removeText'),
      okText: t('imports.remove'),
      act: () => discardImport(each.id, each.state),
      then: () => client.invalidateQueries({ queryKey: IMPORTS }),
    })

  const columns: Column<Import>[] = [
    {
      key: 'object',
      title: t('imports.object'),
      cell: (each) => (
        <Link to={`/admin/imports/${each.id}`} className="record-link">
          {labelOf(each.object)}
        </Link>
      ),
    },
    { key: 'operation', title: t('imports.operation'), cell: (each) => t(`imports.operations.${each.operation}`) },
    { key: 'rows', title: t('imports.rows'), className: 'numeric', cell: (each) => number(each.records) },
    {
      key: 'failed',
      title: t('imports.failed'),
      className: 'numeric',
      cell: (each) => (each.write.processed > 0 ? number(each.write.failed) : '—'),
    },
    {
      key: 'state',
      title: t('imports.state'),
      cell: (each) => <Tag color={COLOURS[each.state]}>{t(`imports.states.${isChecked(each) ? 'Checked' : each.state}`)}</Tag>,
    },
    { key: 'made', title: t('imports.made'), className: 'tabular', cell: (each) => moment(each.createdDate) },
    useActionsColumn((each) =>
      phaseAtWork(each) === null ? (
        <Button
          size="small"
          danger
          aria-label={`${t('imports.remove')}: ${labelOf(each.object)}, ${moment(each.createdDate)}`}
          onClick={() => askRemove(each)}
        >
          {t('imports.remove')}
        </Button>
      ) : null,
    ),
  ]
  const make = (
    <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => void navigate('/admin/imports/new')}>
      {t('imports.new')}
    </Button>
  )
  return (
    <div className="page">
      <PageHeader title={t('imports.title')} eyebrow={t('imports.lead')} actions={make} />
      <DataTable
        query={page}
        rows={page.data?.pages.flatMap((each) => each.imports) ?? []}
        columns={columns}
        rowKey={(each) => each.id}
        empty={t('imports.none')}
        hint={t('imports.noneHint')}
        label={t('imports.title')}
      />
    </div>
  )
}
