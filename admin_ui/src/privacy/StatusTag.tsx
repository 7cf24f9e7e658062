// How far an act is.
import Tag from 'antd/es/tag'
import { useTranslation } from 'react-i18next'
import type { ActStatus } from '../api/privacy'

const COLOURS: Record<ActStatus, string | undefined> = {
  waiting: 'orange',
  queued: 'blue',
  running: 'blue',
  done: 'green',
  failed: 'red',
  refused: 'red',
  expired: undefined,
}

export function StatusTag({ status }: { status: ActStatus }) {
  const { t } = useTranslation()
  return <Tag color={COLOURS[status]}>{t(`privacy.statuses.${status}`)}</Tag>
}
