// The head of a record: what it is called, its key fields, and what one may do with it.
import {
  AuditOutlined,
  CopyOutlined,
  DeleteOutlined,
  EditOutlined,
  MoreOutlined,
  ShareAltOutlined,
  TeamOutlined,
} from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import Dropdown from 'antd/es/dropdown'
import type { MenuProps } from 'antd'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import { remove, undelete } from '../../api/endpoints'
import type { ObjectDescribe, RecordAnswer, RecordType } from '../../api/types'
import { LockMark } from '../../approvals/LockMark'
import type { RecordAction } from '../../automation/useRecordActions'
import { MetadataIcon } from '../../frame/MetadataIcon'
import { PageHeader } from '../../frame/PageHeader'
import { useMay } from '../../frame/session'
import { useAsk } from '../../frame/useAsk'
import { useErrorText } from '../../frame/useErrorText'
import { useIsPhone } from '../../frame/useMedia'
import { FieldValue } from '../fields/FieldValue'
import { tidyName } from '../names'

const ShareDialog = lazy(async () => ({ default: (await import('../../sharing/ShareDialog')).ShareDialog }))

interface RecordHeaderProps {
  record: RecordAnswer
  describe: ObjectDescribe
  recordType: RecordType | null
  isLocked: boolean
  actions: RecordAction[] | null
  onEdit: () => void
}

/** So many of the record's own actions stand as buttons; the others are in the menu. */
const BUTTONS = 2

export function RecordHeader({ record, describe, recordType, isLocked, actions, onEdit }: RecordHeaderProps) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const client = useQueryClient()
  const { notification, message } = App.useApp()
  const ask = useAsk()
  const errorText = useErrorText()
  const mayAudit = useMay('ViewAudit')
  const mayExplain = useMay('ManageSharing')
  const [isSharing, setSharing] = useState(false)
  const isShareable = 'OwnerId' in describe.fields && describe.sharing !== 'controlled_by_parent' && !record.is_deleted
  const isPhone = useIsPhone()
  const shown = isPhone ? [] : (actions ?? []).slice(0, BUTTONS)
  const name = tidyName(String(record.values[describe.name_field] ?? record.id))
  const compact = describe.compact_fields.filter((each) => each in describe.fields && each !== describe.name_field)

  function askDelete() {
    ask({
      title: t('record.deleteTitle', { name }),
      content: t('record.deleteText'),
      okText: t('action.delete'),
      act: deleteRecord,
    })
  }

  async function deleteRecord() {
    try {
      await remove(record.id)
    } catch (error) {
      message.error(errorText(error))
      return
    }
    client.removeQueries({ queryKey: ['record', record.id] })
    void client.invalidateQueries({ queryKey: ['list', record.object] })
    void navigate(`/o/${record.object}`, { replace: true })
    const key = `deleted-${record.id}`
    notification.info({
      key,
      title: t('record.deleted', { name }),
      actions: (
        <Button
          onClick={() => {
            notification.destroy(key)
            void undelete(record.id)
              .then(() => navigate(`/r/${record.id}`))
              .catch((error: unknown) => message.error(errorText(error)))
          }}
        >
          {t('action.undo')}
        </Button>
      ),
    })
  }

  const more: NonNullable<MenuProps['items']> = [
    ...(actions ?? [])
      .slice(shown.length)
      .map(({ key, label, icon, isBusy, onClick }) => ({ key, label, icon, onClick, disabled: isBusy })),
    {
      key: 'copy',
      icon: <CopyOutlined aria-hidden />,
      label: t('record.copyLink'),
      onClick: () => {
        void navigator.clipboard?.writeText(`${window.location.origin}/r/${record.id}`)
        message.success(t('record.copied'))
      },
    },
    ...(isShareable
      ? [
          {
            key: 'share',
            icon: <ShareAltOutlined aria-hidden />,
            label: t('sharing.action'),
            onClick: () => setSharing(true),
          },
        ]
      : []),
    ...(mayExplain
      ? [
          {
            key: 'access',
            icon: <TeamOutlined aria-hidden />,
            label: t('sharing.whoAction'),
            onClick: () => void navigate(`/admin/record-access?record=${record.id}`),
          },
        ]
      : []),
    ...(mayAudit
      ? [
          {
            key: 'who',
            icon: <AuditOutlined aria-hidden />,
            label: t('record.whoSaw'),
            onClick: () => void navigate(`/audit/access?record=${record.id}`),
          },
        ]
      : []),
    ...(record.permissions.delete
      ? [
          {
            key: 'delete',
            icon: <DeleteOutlined aria-hidden />,
            label: t('action.delete'),
            danger: true,
            onClick: askDelete,
          },
        ]
      : []),
  ]

  return (
    <PageHeader
      icon={<MetadataIcon name={describe.icon} />}
      eyebrow={
        <>
          <Link to={`/o/${describe.name}`}>{describe.label}</Link>
          {recordType !== null && describe.record_types.length > 1 && <span> · {recordType.label}</span>}
        </>
      }
      title={
        isLocked ? (
          <>
            {name} <LockMark />
          </>
        ) : (
          name
        )
      }
      documentTitle={name}
      actions={
        <>
          {shown.map((action) => (
            <Button key={action.key} icon={action.icon} loading={action.isBusy} onClick={action.onClick}>
              {action.label}
            </Button>
          ))}
          {record.permissions.update && (
            <Button icon={<EditOutlined aria-hidden />} onClick={onEdit}>
              {t('action.edit')}
            </Button>
          )}
          {isSharing && (
            <Suspense fallback={null}>
              <ShareDialog recordId={record.id} name={name} onClose={() => setSharing(false)} />
            </Suspense>
          )}
          <Dropdown trigger={['click']} placement="bottomRight" menu={{ items: more }}>
            <Button icon={<MoreOutlined aria-hidden />} aria-label={t('action.more')} disabled={actions === null} />
          </Dropdown>
        </>
      }
    >
      {compact.length > 0 && (
        <dl className="compact-fields">
          {compact.map((each) => {
            const field = describe.fields[each]
            if (field === undefined) return null
            return (
              <div key={each}>
                <dt>{field.label}</dt>
                <dd>
                  <FieldValue field={field} value={record.values[each]} label={record.labels[each]} />
                </dd>
              </div>
            )
          })}
        </dl>
      )}
    </PageHeader>
  )
}
