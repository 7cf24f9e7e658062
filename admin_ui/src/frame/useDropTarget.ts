// A place on which something can be dropped, and whether it is being held over it just now.
import { useState, type DragEvent } from 'react'

/** `onDrop` null: nothing that is dragged now can be dropped here. */
export function useDropTarget(onDrop: ((dropped: DataTransfer) => void) | null) {
  const [isOver, setOver] = useState(false)
  const handlers = {
    onDragOver: (event: DragEvent) => {
      if (onDrop === null) return
      event.preventDefault()
      setOver(true)
    },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      event.preventDefault()
      setOver(false)
      onDrop?.(event.dataTransfer)
    },
  }
  return { isOver: isOver && onDrop !== null, handlers }
}
