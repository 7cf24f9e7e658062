// When a decision is due; what is late says so in words, not by its colour alone.
import { ClockCircleOutlined } from '@ant-design/icons'
import Tag from 'antd/es/tag'
import { useTranslation } from 'react-i18next'
import { useNow } from '../automation/useNow'
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'
import { isOverdue } from './decisions'

export function DueTime({ due }: { due: string | null }) {
  const { t } = useTranslation()
  const reader = useReader()
  const now = useNow()
  if (due === null) return null
  const isLate = isOverdue(due, now)
  const date = formatDateTime(due, reader.language, reader.timeZone)
  return (
    <Tag color={isLate ? 'red' : undefined} icon={<ClockCircleOutlined aria-hidden />}>
      {t(isLate ? 'approval.overdue' : 'approval.due', { date })}
    </Tag>
  )
}
