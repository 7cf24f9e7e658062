// Says that a record is locked by its approval, and what that means.
import { LockOutlined } from '@ant-design/icons'
import Tag from 'antd/es/tag'
import Tooltip from 'antd/es/tooltip'
import { useTranslation } from 'react-i18next'

export function LockMark() {
  const { t } = useTranslation()
  return (
    <Tooltip title={t('approval.lockedHint')}>
      <Tag className="lock-mark" icon={<LockOutlined aria-hidden />} tabIndex={0}>
        {t('approval.locked')}
      </Tag>
    </Tooltip>
  )
}
