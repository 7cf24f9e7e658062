// One object in the object manager: its fields, and what the tenant may change about it.
import { DeleteOutlined, EditOutlined, PlusOutlined, UnorderedListOutlined } from '@ant-design/icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate, useParams } from 'react-router'
import { deleteField, deleteObject, objectDetail } from '../api/setup'
import type { FieldDescribe, ObjectDescribe } from '../api/types'
import { MetadataIcon } from '../frame/MetadataIcon'
import { DataTable, LOADED, useActionsColumn, type Column } from '../frame/DataTable'
import { PageHeader } from '../frame/PageHeader'
import { useMay } from '../frame/session'
import { ErrorState, Lines } from '../frame/states'
import { useAsk } from '../frame/useAsk'
import { SearchBox } from '../frame/SearchBox'
import { FieldForm } from './FieldForm'
import { ObjectForm } from './ObjectForm'
import { refreshDefinitions } from './refreshDefinitions'

export function ObjectPage() {
  const { object: name } = useParams()
  const detail = useQuery({ queryKey: ['setup', 'objects', name], queryFn: () => objectDetail(name ?? '') })
  if (detail.error) return <ErrorState error={detail.error} onRetry={() => void detail.refetch()} />
  if (detail.data === undefined) return <Lines count={10} />
  return <ObjectDetail key={name} object={detail.data} />
}

function ObjectDetail({ object }: { object: ObjectDescribe }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const client = useQueryClient()
  const ask = useAsk()
  const mayChange = useMay('ManageMetadata')
  const [form, setForm] = useState<'object' | 'new' | FieldDescribe | null>(null)
  const [q, setQ] = useState('')
  const fields = Object.values(object.fields).filter((field) =>
    `${field.label} ${field.name}`.toLowerCase().includes(q.toLowerCase()),
  )

  function askDelete(title: string, remove: () => Promise<void>, then: () => void) {
    ask({
      title,
      content: t('setup.deleteText'),
      okText: t('action.delete'),
      act: async () => {
        await remove()
        then()
        await refreshDefinitions(client, object.name)
      },
    })
  }

  const columns: Column<FieldDescribe>[] = [
    { key: 'label', title: t('field.label'), cell: (field) => field.label },
    { key: 'name', title: t('field.name'), className: 'mono', cell: (field) => field.name },
    {
      key: 'type',
      title: t('field.type'),
      cell: (field) => (
        <>
          {t(`types.${field.type}`)}
          {field.references.length > 0 && <span className="muted"> → {field.references.join(', ')}</span>}
        </>
      ),
    },
    { key: 'properties', title: t('field.properties'), cell: (field) => <FieldProperties field={field} /> },
    {
      key: 'package',
      title: t('object.package'),
      cell: (field) => {
        if (field.custom) return <Tag color="cyan">{t('setup.own')}</Tag>
        return field.system ? t('setup.system') : (field.package ?? object.package ?? '')
      },
    },
    useActionsColumn((field) => field.custom && mayChange && fieldActions(field)),
  ]

  function fieldActions(field: FieldDescribe) {
    const title = t('field.delete', { field: field.label })
    return (
      <>
        <Button
          type="text"
          size="small"
          icon={<EditOutlined aria-hidden />}
          aria-label={t('record.editField', { field: field.label })}
          onClick={() => setForm(field)}
        />
        <Button
          type="text"
          danger
          size="small"
          icon={<DeleteOutlined aria-hidden />}
          aria-label={title}
          onClick={() => askDelete(title, () => deleteField(object.name, field.name), () => undefined)}
        />
      </>
    )
  }

  return (
    <div className="page">
      <PageHeader
        icon={<MetadataIcon name={object.icon} />}
        eyebrow={<Link to="/admin/objects">{t('setup.objects')}</Link>}
        title={object.label}
        actions={
          <>
            <Button icon={<UnorderedListOutlined aria-hidden />} onClick={() => void navigate(`/o/${object.name}`)}>
              {t('object.openList')}
            </Button>
            {object.custom && mayChange && (
              <>
                <Button icon={<EditOutlined aria-hidden />} onClick={() => setForm('object')}>
                  {t('action.edit')}
                </Button>
                <Button
                  danger
                  icon={<DeleteOutlined aria-hidden />}
                  onClick={() =>
                    askDelete(
                      t('object.delete', { object: object.label }),
                      () => deleteObject(object.name),
                      () => void navigate('/admin/objects'),
                    )
                  }
                >
                  {t('action.delete')}
                </Button>
              </>
            )}
          </>
        }
      >
        <dl className="compact-fields">
          {(
            [
              [t('object.name'), <code key="name">{object.name}</code>],
              [t('object.prefix'), <code key="prefix">{object.key_prefix}</code>],
              [t('object.package'), object.custom ? t('setup.own') : (object.package ?? '—')],
            ] as const
          ).map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </PageHeader>
      <div className="toolbar">
        <SearchBox value={q} label={t('columns.search')} onChange={setQ} />
        {mayChange && (
          <Button
            type="primary"
            icon={<PlusOutlined aria-hidden />}
            className="push-right"
            onClick={() => setForm('new')}
          >
            {t('field.new')}
          </Button>
        )}
      </div>
      <DataTable
        query={LOADED}
        rows={fields}
        columns={columns}
        rowKey={(field) => field.name}
        label={t('object.fields')}
        empty={t('frame.nothingFound', { q })}
      />
      {form === 'object' && <ObjectForm object={object} onClose={() => setForm(null)} />}
      {form === 'new' && <FieldForm object={object} onClose={() => setForm(null)} />}
      {form !== null && typeof form === 'object' && (
        <FieldForm object={object} field={form} onClose={() => setForm(null)} />
      )}
    </div>
  )
}

const FLAGS = ['required', 'unique', 'external_id', 'indexed', 'tracked'] as const

function FieldProperties({ field }: { field: FieldDescribe }) {
  const { t } = useTranslation()
  const { classification } = field
  return (
    <span className="tags">
      {FLAGS.filter((flag) => field[flag]).map((flag) => (
        <Tag key={flag}>{t(`field.${flag}`)}</Tag>
      ))}
      {(classification === 'personal' || classification === 'sensitive') && (
        <Tag color="orange">{t(`field.classifications.${classification}`)}</Tag>
      )}
    </span>
  )
}
