// Above the list: which view, what narrows it, how it is shown, and what one can do with it.
import {
  AppstoreOutlined,
  DownloadOutlined,
  FilterOutlined,
  InsertRowLeftOutlined,
  MoreOutlined,
  PlusOutlined,
  ReloadOutlined,
  SaveOutlined,
  SearchOutlined,
  TableOutlined,
  UploadOutlined,
} from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Badge from 'antd/es/badge'
import Button from 'antd/es/button'
import Dropdown from 'antd/es/dropdown'
import type { MenuProps } from 'antd'
import Input from 'antd/es/input'
import Segmented from 'antd/es/segmented'
import { lazy, Suspense, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { count } from '../../api/endpoints'
import type { ExportFormat, ListRequest, ObjectDescribe, Owner, Path } from '../../api/types'
import { MetadataIcon } from '../../frame/MetadataIcon'
import { PageHeader } from '../../frame/PageHeader'
import { useMay } from '../../frame/session'
import { useDebounced } from '../../frame/useDebounced'
import { useErrorText } from '../../frame/useErrorText'
import { useIsPhone } from '../../frame/useMedia'
import { formatNumber } from '../format'
import { useReader } from '../fields/useReader'
import { chosenView, isChanged, type Display, type ListState } from '../urlState'
import { FilterChips } from './FilterChips'
import { useExport } from './useExport'
import { ViewPicker } from './ViewPicker'

const FilterBuilder = lazy(async () => ({ default: (await import('./FilterBuilder')).FilterBuilder }))
const ColumnChooser = lazy(async () => ({ default: (await import('./ColumnChooser')).ColumnChooser }))
const SaveViewDialog = lazy(async () => ({ default: (await import('./SaveViewDialog')).SaveViewDialog }))

interface ListHeaderProps {
  describe: ObjectDescribe
  state: ListState
  request: ListRequest
  path: Path | null
  onChange: (next: Partial<ListState>, replace?: boolean) => void
}

/** What a list can be taken away as, and what each is called in every language. */
const EXPORT_FORMATS: [ExportFormat, string][] = [
  ['csv', 'CSV'],
  ['xlsx', 'Excel (XLSX)'],
  ['parquet', 'Parquet'],
]

type Open = 'filters' | 'columns' | 'save' | null

export function ListHeader({ describe, state, request, path, onChange }: ListHeaderProps) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const reader = useReader()
  const exportRecords = useExport(describe.name, request)
  const isPhone = useIsPhone()
  const mayExport = useMay('ExportData')
  const mayImport = useMay('ImportData') && (describe.permissions.create || describe.permissions.update)
  const maySaveViews = useMay('ManageMetadata')
  const [open, setOpen] = useState<Open>(null)
  const [counted, setCounted] = useState<number | 'counting' | null>(null)
  const view = chosenView(describe, state)
  const countKey = JSON.stringify([request.filters, request.logic, request.owner, request.search])
  useEffect(() => setCounted(null), [countKey])

  async function countRecords() {
    setCounted('counting')
    try {
      setCounted((await count(describe.name, request)).count)
    } catch (error) {
      setCounted(null)
      message.error(errorText(error))
    }
  }

  const more: NonNullable<MenuProps['items']> = [
    {
      key: 'reload',
      icon: <ReloadOutlined aria-hidden />,
      label: t('list.reload'),
      onClick: () => void client.invalidateQueries({ queryKey: ['list', describe.name] }),
    },
    {
      key: 'columns',
      icon: <InsertRowLeftOutlined aria-hidden />,
      label: t('list.columns'),
      onClick: () => setOpen('columns'),
    },
    ...(mayImport
      ? [
          {
            key: 'import',
            icon: <UploadOutlined aria-hidden />,
            label: t('imports.fromList'),
            onClick: () => void navigate(`/admin/imports/new?object=${describe.name}`),
          },
        ]
      : []),
    ...(mayExport
      ? EXPORT_FORMATS.map(([format, name]) => ({
          key: `export_${format}`,
          icon: <DownloadOutlined aria-hidden />,
          label: t('list.export', { format: name }),
          onClick: () => void exportRecords(format),
        }))
      : []),
    ...(maySaveViews
      ? [{ key: 'save', icon: <SaveOutlined aria-hidden />, label: t('list.saveView'), onClick: () => setOpen('save') }]
      : []),
  ]

  return (
    <>
      <PageHeader
        icon={<MetadataIcon name={describe.icon} />}
        eyebrow={describe.plural_label}
        documentTitle={view?.label ?? describe.plural_label}
        title={<ViewPicker describe={describe} view={view} isChanged={isChanged(state)} onChange={onChange} />}
        actions={
          <>
            {isChanged(state) && !isPhone && (
              <Button
                type="text"
                onClick={() => onChange({ columns: null, filters: null, logic: null, owner: null, order: null })}
              >
                {t('list.resetView')}
              </Button>
            )}
            {describe.permissions.create && (
              <Button
                type="primary"
                icon={<PlusOutlined aria-hidden />}
                onClick={() => void navigate(`/o/${describe.name}/new`)}
              >
                {t('action.new')}
              </Button>
            )}
            <Dropdown trigger={['click']} placement="bottomRight" menu={{ items: more }}>
              <Button icon={<MoreOutlined aria-hidden />} aria-label={t('action.more')} />
            </Dropdown>
          </>
        }
      />
      <div className="toolbar">
        <SearchInList key={describe.name} text={state.search} onChange={(search) => onChange({ search }, true)} />
        <Badge count={request.filters.length} size="small" color="var(--accent)">
          <Button
            icon={<FilterOutlined aria-hidden />}
            aria-label={t('list.filters')}
            onClick={() => setOpen('filters')}
          >
            {isPhone ? null : t('list.filters')}
          </Button>
        </Badge>
        {describe.has_owner && (
          <Segmented<Owner>
            aria-label={t('list.owner')}
            value={request.owner}
            options={[
              { value: 'everyone', label: t('list.everyone') },
              { value: 'mine', label: t('list.mine') },
            ]}
            onChange={(owner) => onChange({ owner })}
          />
        )}
        {path !== null && path.field in describe.fields && (
          <Segmented<Display>
            aria-label={t('list.display')}
            value={state.display}
            options={[
              {
                value: 'table',
                icon: <TableOutlined aria-hidden />,
                label: isPhone ? undefined : t('list.table'),
                title: t('list.table'),
              },
              {
                value: 'kanban',
                icon: <AppstoreOutlined aria-hidden />,
                label: isPhone ? undefined : t('list.kanban'),
                title: t('list.kanban'),
              },
            ]}
            onChange={(display) => onChange({ display })}
          />
        )}
        <span className="push-right" aria-live="polite">
          {typeof counted === 'number' ? (
            <span className="muted tabular">
              {t('list.counted', { count: counted, text: formatNumber(counted, reader.language, 0) })}
            </span>
          ) : (
            <Button type="text" loading={counted === 'counting'} onClick={() => void countRecords()}>
              {t('list.count')}
            </Button>
          )}
        </span>
      </div>
      <FilterChips describe={describe} request={request} onChange={onChange} onEdit={() => setOpen('filters')} />
      <Suspense fallback={null}>
        {open === 'filters' && (
          <FilterBuilder describe={describe} request={request} onApply={onChange} onClose={() => setOpen(null)} />
        )}
        {open === 'columns' && (
          <ColumnChooser
            describe={describe}
            columns={request.columns}
            onApply={(columns) => onChange({ columns })}
            onClose={() => setOpen(null)}
          />
        )}
        {open === 'save' && (
          <SaveViewDialog
            describe={describe}
            request={request}
            view={view}
            onSaved={(name) =>
              onChange({ view: name, columns: null, filters: null, logic: null, owner: null, order: null })
            }
            onClose={() => setOpen(null)}
          />
        )}
      </Suspense>
    </>
  )
}

function SearchInList({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState(text)
  const settled = useDebounced(typed.trim(), 300)
  useEffect(() => {
    if (settled !== text) onChange(settled)
    // Only what was typed may change the address; the address changing must not.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [settled])
  useEffect(() => {
    if (text === '') setTyped('')
  }, [text])
  return (
    <Input
      className="toolbar-search"
      allowClear
      prefix={<SearchOutlined aria-hidden />}
      value={typed}
      placeholder={t('list.search')}
      aria-label={t('list.search')}
      onChange={(event) => setTyped(event.target.value)}
    />
  )
}
